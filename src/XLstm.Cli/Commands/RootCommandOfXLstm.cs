using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;
using XLstm.Kernels;

namespace XLstm.Cli.Commands;

/// <summary>xlstm without a command: help and version.</summary>
internal sealed class RootCommandOfXLstm : RootCommand
{
    private const string Examples =
        """
          xlstm train                              learn from the .NET documentation on this machine (about two minutes)
          xlstm train book.txt                     learn from a text of yours
          xlstm generate --prompt "Once upon"      let the model continue a text
          xlstm forecast sales.csv                 what comes after a series in a CSV file
          xlstm inspect trained.pt                 what is in a model or checkpoint of any format
        """;

    private const string Notes =
        """
          A model is a directory, by default ./xlstm-out: "train" writes it, the other commands read it.
          "xlstm COMMAND --help" explains a command and all of its options.
        """;

    public RootCommandOfXLstm(Streams streams, CancellationToken cancellation)
        : base("xlstm trains and runs xLSTM language models on the processor of this machine.")
    {
        Add(new TrainCommand(streams, cancellation));
        Add(new GenerateCommand(streams, cancellation));
        Add(new ChatCommand(streams, cancellation));
        Add(new EvaluateCommand(streams, cancellation));
        Add(new LogitsCommand(streams, cancellation));
        Add(new InspectCommand(streams, cancellation));
        Add(new OutputsCommand(streams, cancellation));
        Add(ConvertCommand.Convert(streams, cancellation));
        Add(ConvertCommand.Quantize(streams, cancellation));
        Add(new ForecastCommand(streams, cancellation));
        Add(new BacktestCommand(streams, cancellation));
        Add(new AnomaliesCommand(streams, cancellation));
        Add(new EvaluateForecasterCommand(streams, cancellation));
        Add(new TrainForecasterCommand(streams, cancellation));
        Add(new FineTuneForecasterCommand(streams, cancellation));
        Add(new ExperimentCommand(streams, cancellation));
        Add(new ClassifyCommand(streams, cancellation));
        Add(new BenchCommand(streams, cancellation));
        Add(Verbose);
        var showHelp = new HelpText(streams, Examples, Notes);
        foreach (Option option in Options)
        {
            if (option is HelpOption)
                (option.Action, option.Description) = (showHelp, "Show this help.");
            else if (option is VersionOption)
                (option.Action, option.Description) = (new ShowVersion(), "Show the version and the instruction set in use.");
        }
        SetAction(showHelp.Invoke);
    }

    public Option<bool> Verbose { get; } = new("--verbose") { Recursive = true, Description = "Tell more, and where a failure happened." };

    private sealed class ShowVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            string version = typeof(Program).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
            // The commit after the plus sign is for bug reports of packages, not for people.
            parseResult.InvocationConfiguration.Output.WriteLine($"xlstm {version.Split('+')[0]}, {Simd.Description}, {Environment.ProcessorCount} cores, .NET {Environment.Version}");
            return ExitCode.Success;
        }
    }
}
