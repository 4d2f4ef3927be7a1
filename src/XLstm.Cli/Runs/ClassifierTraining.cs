using XLstm.Classification;
using XLstm.Training;

namespace XLstm.Cli.Runs;

/// <summary>Trains a classifier or regressor and shows how far it is.</summary>
internal static class ClassifierTraining
{
    /// <summary>Trains to the end; null where it was stopped.</summary>
    public static RunProgress? Train(SequenceRun run, Streams streams, CancellationToken cancellation)
    {
        IRunDisplay display = streams.OutIsTerminal ? new LiveDisplay(streams.Out) : new PlainDisplay(streams.Out, streams.Width);
        streams.Out.WriteLine(
            $"{Report.Count(run.ParameterCount)} parameters, {Report.Count(run.TotalSteps)} steps{(run.StepCount > 0 ? $", from step {Report.Count(run.StepCount)} on" : "")}; Ctrl-C stops, --resume goes on.");
        RunProgress? end = null;
        try
        {
            display.Show(() => end = run.Train(display.Update, cancellation));
            streams.Out.WriteLine(ProgressText.Line(end!, streams.Width));
        }
        catch (OperationCanceledException)
        {
            // What was to be stored is.
        }
        return end;
    }
}
