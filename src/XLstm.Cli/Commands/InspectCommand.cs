using System.CommandLine;

namespace XLstm.Cli.Commands;

/// <summary>xlstm inspect: what is in a checkpoint, whatever its format, and what to do with it.</summary>
internal sealed class InspectCommand : DocumentedCommand
{
    private readonly Argument<string> _path = new("PATH")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "A model directory, or a file: weights (.safetensors; .pt, .pth, .ckpt of PyTorch), a forecaster, a session, a config, a tokenizer, or anything that might be one.",
        DefaultValueFactory = _ => ModelDirectory.Default,
    };

    private readonly Option<bool> _json = Commands.Options.Flag("--json", "Everything as JSON, for programs.");
    private readonly Option<bool> _tensors = Commands.Options.Flag("--tensors", "List every tensor, too.");
    private readonly Option<bool> _headers = Commands.Options.Flag("--headers", "Read headers only: weights of many gigabytes are described at once, and not searched for NaN.");

    public InspectCommand(Streams streams, CancellationToken cancellation)
        : base("inspect", "Show what is in a model or checkpoint of any format, what is wrong, and what to do.", streams, cancellation)
    {
        Aliases.Add("info");
        Add(_path);
        Add(_json);
        Add(_tensors);
        Add(_headers);
    }

    public override string Examples =>
        """
          xlstm inspect                             the model in ./xlstm-out
          xlstm inspect my-model                    another one, also of the xlstm Python package
          xlstm inspect trained.pt                  blocks that somebody trained in Python; no config needed
          xlstm inspect model.safetensors --tensors the tensors of a file
          xlstm inspect talk.state --json           a session, for programs
        """;

    public override string Notes => "  The exit code is 1 where something keeps it from being used.";

    protected override int Execute(ParseResult parse)
    {
        string path = parse.GetRequiredValue(_path);
        CheckpointReport found = CheckpointInspector.Inspect(path, !parse.GetValue(_headers), Cancellation);
        if (parse.GetValue(_json))
            InspectionJson.Write(found, Streams.Out, parse.GetValue(_tensors));
        else
            Print(found, parse.GetValue(_tensors));
        return found.IsUsable ? ExitCode.Success : ExitCode.Mistake;
    }

    private void Print(CheckpointReport found, bool tensors)
    {
        var report = new Report(Streams.Out);
        report.Title(found.Path);
        report.Line("kind", found.Description);
        string label = "";
        foreach (CheckpointFact fact in found.Facts)
        {
            report.Line(fact.Label == label ? "" : fact.Label, fact.Text);
            label = fact.Label;
        }
        if (found.License is { } license)
            report.Line("licence", license);
        if (tensors)
            report.Lines("tensors", found.Tensors.Select(t => $"{t}"));
        report.Lines("note", Of(found, FindingSeverity.Note));
        report.Lines("unusual", Of(found, FindingSeverity.Warning));
        report.Lines("next", found.Next);
        foreach (string error in Of(found, FindingSeverity.Error))
            Note(error);
    }

    private static IEnumerable<string> Of(CheckpointReport found, FindingSeverity severity) => found.Findings.Where(f => f.Severity == severity).Select(f => f.Text);
}
