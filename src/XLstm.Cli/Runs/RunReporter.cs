using XLstm.Cli.Plotting;
using XLstm.Training;

namespace XLstm.Cli.Runs;

/// <summary>Tells people about a run: progress, samples, curves.</summary>
internal sealed class RunReporter(LanguageModelRun run, LossCurve curve, string title, Streams streams, CancellationToken cancellation) : IRunObserver
{
    private const int SampleTokens = 160, FinalSampleTokens = 400, PlotHeight = 10;
    private readonly IRunDisplay _display = streams.OutIsTerminal ? new LiveDisplay(streams.Out) : new PlainDisplay(streams.Out, streams.Width);
    private bool _plotsFail;

    /// <summary>Runs <paramref name="training"/> and shows it.</summary>
    public void Show(Action training) => _display.Show(training);

    public void Stepped(RunProgress progress)
    {
        curve.AddTraining(progress.Step, progress.Loss);
        _display.Update(progress);
    }

    public void Validated(RunProgress progress, XLstmLanguageModel model)
    {
        curve.AddValidation(progress.Step, progress.ValidationLoss!.Value);
        _display.Write("");
        _display.Write($"step {Report.Count(progress.Step)}: validation {ProgressText.Number(progress.ValidationLoss.Value)} after {ProgressText.Time(progress.Elapsed)}; a sample:");
        WriteSample(SampleTokens, _display.Write);
        SavePlots();
    }

    /// <summary>The end of a run that went on from step <paramref name="from"/>: a longer sample, the curve, the numbers.</summary>
    public void Summarize(RunProgress progress, long from)
    {
        streams.Out.WriteLine();
        if (run.Tokenizer is not null)
            streams.Out.WriteLine("The model writes:");
        WriteSample(FinalSampleTokens, streams.Out.WriteLine);
        streams.Out.WriteLine();
        foreach (string line in TerminalPlot.Draw(curve, streams.Width, PlotHeight, braille: streams.OutIsTerminal))
            streams.Out.WriteLine(line);
        streams.Out.WriteLine();
        string validation = progress.ValidationLoss is { } last ? $", validation {ProgressText.Number(last)} (best {ProgressText.Number(progress.BestValidationLoss!.Value)})" : "";
        string loss = progress.Step == from ? "there was nothing left to do" : $"loss {ProgressText.Number(progress.MeanLoss)}";
        streams.Out.WriteLine($"{Report.Count(progress.Step)} steps in {ProgressText.Time(progress.Elapsed)}: {loss}{validation}, in nats per token.");
    }

    /// <summary>Writes loss.svg and loss.png; a machine that cannot draw them is told once, and trains on.</summary>
    public void SavePlots()
    {
        if (_plotsFail)
            return;
        try
        {
            LossPlot.Save(curve, title, run.Directory);
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            _plotsFail = true;
            streams.Error.WriteLine($"xlstm: no pictures of the loss on this machine ({e.GetBaseException().Message.Split(". ")[0]}); the numbers are in the log.");
        }
    }

    private void WriteSample(int tokens, Action<string> write)
    {
        if (run.Tokenizer is not { } tokenizer)
            return;
        foreach (string line in TextSample.Draw(run.Model, tokenizer, run.Options.Seed, tokens, cancellation).Split('\n'))
            write("  | " + line);
    }
}
