using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Globalization;

namespace XLstm.Cli.Commands;

/// <summary>--help: purpose, examples, then every argument and option with its default.</summary>
internal sealed class HelpText(Streams streams, string rootExamples, string rootNotes) : SynchronousCommandLineAction
{
    private const int MostFirstColumn = 30;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        Command command = parseResult.CommandResult.Command;
        (string examples, string notes) = command is DocumentedCommand documented ? (documented.Examples, documented.Notes) : (rootExamples, rootNotes);
        string name = NameOf(command);
        string arguments = string.Concat(command.Arguments.Select(a => a.Arity.MinimumNumberOfValues == 0 ? $" [{a.Name}]" : $" {a.Name}"));
        Wrapped("", command.Description!);
        Section("Examples", examples.Split('\n'));
        Section("Usage", [$"  {name}{(command.Subcommands.Count > 0 ? " COMMAND" : "")}{arguments} [options]"]);
        Table("Commands", command.Subcommands.Select(c => (c.Name, c.Description!)));
        Table("Arguments", command.Arguments.Select(a => (a.Name, Describe(a.Description, a.HasDefaultValue ? a.GetDefaultValue() : null))));
        IEnumerable<Option> options = command is RootCommand ? command.Options : [.. command.Options, .. Recursive(parseResult)];
        Table("Options", options.Select(o => (Label(o), Describe(o.Description, o is { HasDefaultValue: true, Arity.MaximumNumberOfValues: > 0 } and not HelpOption ? o.GetDefaultValue() : null, o.Required))));
        Section("Notes", notes.Split('\n'));
        return ExitCode.Success;
    }

    /// <summary>The words that call a command.</summary>
    public static string NameOf(Command command) =>
        command is RootCommand ? "xlstm" : $"{(command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? NameOf(parent) : "xlstm")} {command.Name}";

    private static IEnumerable<Option> Recursive(ParseResult parse) => parse.RootCommandResult.Command.Options.Where(o => o.Recursive);

    private static string Label(Option option)
    {
        string names = string.Join(", ", option.Aliases.Where(a => a is "-h").Append(option.Name));
        return option.HelpName is { } value ? $"{names} {value}" : names;
    }

    private static string Describe(string? text, object? normal, bool required = false) =>
        text + (required ? " Required." : normal is null or false ? "" : $" [default: {Show(normal)}]");

    private static string Show(object value) => value is Enum name
        ? name.ToString().ToLowerInvariant()
        : Convert.ToString(value, CultureInfo.InvariantCulture)!;

    private void Section(string title, string[] lines)
    {
        if (lines is [""])
            return;
        streams.Out.WriteLine();
        streams.Out.WriteLine(title + ":");
        foreach (string line in lines)
            streams.Out.WriteLine(line.TrimEnd());
    }

    private void Table(string title, IEnumerable<(string Label, string Text)> rows)
    {
        List<(string Label, string Text)> all = [.. rows];
        if (all.Count == 0)
            return;
        int width = Math.Min(MostFirstColumn, all.Max(r => r.Label.Length)) + 4;
        Section(title, []);
        foreach ((string label, string text) in all)
        {
            string first = "  " + label;
            if (first.Length > width - 2)
            {
                streams.Out.WriteLine(first);
                first = "";
            }
            Wrapped(first.PadRight(width), text);
        }
    }

    private void Wrapped(string first, string text)
    {
        string line = first;
        int indent = first.Length;
        foreach (string word in text.Split(' '))
        {
            if (line.Length > indent && line.Length + 1 + word.Length > streams.Width)
            {
                streams.Out.WriteLine(line);
                line = new string(' ', indent);
            }
            line += line.Length > indent ? " " + word : word;
        }
        streams.Out.WriteLine(line);
    }
}
