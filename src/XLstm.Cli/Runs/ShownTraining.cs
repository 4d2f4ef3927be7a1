using XLstm.Training;

namespace XLstm.Cli.Runs;

/// <summary>Trains and shows how far it is.</summary>
internal static class ShownTraining
{
    /// <summary>Says what is trained, trains to the end and says how it ended; null where it was stopped.</summary>
    public static RunProgress? Run(Streams streams, long parameters, long stepCount, long steps, Func<Action<RunProgress>, RunProgress> train)
    {
        streams.Out.WriteLine($"{Report.Count(parameters)} parameters, {Report.Count(steps)} steps{From(stepCount)}; Ctrl-C stops, --resume goes on.");
        RunProgress? end = null;
        if (Run(streams, stepped => end = train(stepped)))
            streams.Out.WriteLine(ProgressText.Line(end!, streams.Width));
        return end;
    }

    /// <summary>Trains to the end; false where it was stopped.</summary>
    public static bool Run(Streams streams, Action<Action<RunProgress>> train)
    {
        IRunDisplay display = streams.OutIsTerminal ? new LiveDisplay(streams.Out) : new PlainDisplay(streams.Out, streams.Width);
        try
        {
            display.Show(() => train(display.Update));
            return true;
        }
        catch (OperationCanceledException)
        {
            // What was to be stored is.
            return false;
        }
    }

    /// <summary>Where a run goes on; nothing at its start.</summary>
    public static string From(long stepCount) => stepCount > 0 ? $", from step {Report.Count(stepCount)} on" : "";
}
