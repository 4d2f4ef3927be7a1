using System.CommandLine;

namespace XLstm.Cli.Commands;

/// <summary>xlstm classify: tells the class of series, or a number.</summary>
internal sealed class ClassifyCommand : DocumentedCommand
{
    public ClassifyCommand(Streams streams, CancellationToken cancellation)
        : base("classify", "Learn and tell the class of series, or a number: train, predict, evaluate.", streams, cancellation)
    {
        Add(new ClassifyTrainCommand(streams, cancellation));
        Add(new ClassifyPredictCommand(streams, cancellation));
        Add(new ClassifyEvaluateCommand(streams, cancellation));
    }

    public override string Examples =>
        """
          xlstm classify train gestures.csv                       learn
          xlstm classify predict new.csv --output classes.csv     tell
          xlstm classify evaluate UCR                             measure on sets of the UCR archive
        """;

    protected override int Execute(ParseResult parse) =>
        throw new UsageMistake("classify needs to know what to do: train, predict or evaluate. \"xlstm classify --help\" explains them.");
}
