using System.CommandLine;
using System.CommandLine.Parsing;
using XLstm.Cli.Commands;

namespace XLstm.Cli;

/// <summary>A command line that cannot be understood, in two lines: what, and where the help is.</summary>
internal static class UsageError
{
    private const int FarthestTypo = 3;

    public static int Report(ParseResult result, TextWriter error)
    {
        Command command = result.CommandResult.Command;
        // An unknown option may have been taken for an argument, and its value be the one too many.
        string? stranger = result.Tokens.Where(t => t.Type == TokenType.Argument).Select(t => t.Value).FirstOrDefault(v => v.StartsWith("--", StringComparison.Ordinal))
            ?? (result.UnmatchedTokens is [{ } first, ..] ? first : null);
        return Report(stranger is null ? result.Errors[0].Message : Unknown(stranger, command), command, error);
    }

    public static int Report(string message, Command command, TextWriter error)
    {
        error.WriteLine("xlstm: " + message);
        error.WriteLine($"See: {HelpText.NameOf(command)} --help");
        return ExitCode.Usage;
    }

    /// <summary>A word that is no option, and the one that may have been meant.</summary>
    public static string Unknown(string stranger, Command command)
    {
        IEnumerable<Symbol> known = [.. command.Subcommands, .. command.Options, .. command.Parents.OfType<Command>().SelectMany(root => root.Options)];
        (string? name, int distance) = known.Select(s => ((string?)s.Name, Distance(stranger, s.Name))).DefaultIfEmpty((null, int.MaxValue)).MinBy(s => s.Item2);
        return $"\"{stranger}\" is not known here.{(distance <= FarthestTypo ? $" Did you mean {name}?" : "")}";
    }

    /// <summary>Letters to insert, remove or replace (Levenshtein).</summary>
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            (int diagonal, row[0]) = (row[0], i);
            for (int j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }
        return row[^1];
    }
}
