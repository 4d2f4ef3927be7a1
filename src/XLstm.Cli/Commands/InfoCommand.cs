using System.CommandLine;
using XLstm.Forecasting;

namespace XLstm.Cli.Commands;

/// <summary>xlstm info: what is in a model, a file of tensors, or a session.</summary>
internal sealed class InfoCommand : DocumentedCommand
{
    private readonly Argument<string> _path = new("PATH")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "A model directory, a forecaster, a file of tensors (.safetensors, or .ckpt and .pt of PyTorch), a session, a config or a tokenizer.",
        DefaultValueFactory = _ => ModelDirectory.Default,
    };

    public InfoCommand(Streams streams, CancellationToken cancellation)
        : base("info", "Show architecture, parameters, sizes, and what is unusual.", streams, cancellation) => Add(_path);

    public override string Examples =>
        """
          xlstm info                          the model in ./xlstm-out
          xlstm info my-model                 another model, also one of the xlstm Python package
          xlstm info model.safetensors        the tensors of a file
          xlstm info talk.state               a session
        """;

    protected override int Execute(ParseResult parse)
    {
        string path = parse.GetRequiredValue(_path);
        var report = new Report(Streams.Out);
        string forecaster = Path.Combine(path, ForecasterRun.WeightsFile);
        if (Directory.Exists(path) && File.Exists(forecaster))
            path = forecaster;
        if (Directory.Exists(path))
            return new ModelReport(path, report, Cancellation).Write(Streams.Error);
        if (!File.Exists(path))
            throw new CommandError($"{path}: there is no such file or directory.");
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".yml", StringComparison.OrdinalIgnoreCase))
            WriteConfigOrTokenizer(path, report);
        else
            TensorReport.WriteFile(path, report, Cancellation);
        return ExitCode.Success;
    }

    private static void WriteConfigOrTokenizer(string path, Report report)
    {
        if (string.Equals(Path.GetFileName(path), TextTokenizer.FileName, StringComparison.OrdinalIgnoreCase))
            report.Line("tokenizer", ModelReport.Describe(TextTokenizer.Load(path)));
        else
            ArchitectureReport.Write(ModelConfigReader.Read(path), report);
    }
}
