using System.Diagnostics;
using System.Text.Json;

namespace XLstm.Training.Tests;

/// <summary>However a run is interrupted, its losses and its weights are those of a run that nothing interrupts, bit for bit.</summary>
public class ResumeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void KilledBetweenAnyTwoSteps()
    {
        using var place = new Place();
        RunOptions options = place.Options(steps: 12, validateEvery: 5);
        var expected = place.Uninterrupted(options, dropout: 0.1f);
        var copies = new List<string>();
        using (LanguageModelRun run = place.Create(options, dropout: 0.1f))
        {
            // What a killed process leaves is what stands in its folder at that moment.
            void Keep(string name)
            {
                copies.Add(place.File($"{name}{copies.Count}"));
                Place.Copy(place.Run, copies[^1]);
            }
            Keep("created");
            run.Train(new Watcher(_ => Keep("step"), (_, _) => Keep("validated")), Cancellation);
        }
        Assert.Equal(16, copies.Count);
        foreach (string copy in copies)
            AssertResumes(expected, copy, threads: copies.IndexOf(copy) % 3 + 1);
    }

    [Fact]
    public void CancelledAtRandomSteps()
    {
        using var place = new Place();
        RunOptions options = place.Options(steps: 30, validateEvery: 7) with { Accumulation = 2 };
        var expected = place.Uninterrupted(options, dropout: 0.1f);
        var random = new RandomSource(11);
        for (int i = 0; i < 4; i++)
        {
            string directory = place.File($"run{i}");
            LanguageModelRun run = place.Create(options, dropout: 0.1f, directory: directory);
            bool ended = false;
            while (!ended)
            {
                using var source = new CancellationTokenSource();
                long stop = run.StepCount + 1 + random.NextInteger(12);
                ended = !Interrupted(run, new Watcher(p =>
                {
                    if (p.Step == stop)
                        source.Cancel();
                }), source.Token);
                if (!ended)
                {
                    Assert.Equal(Math.Min(stop, 30), run.StepCount);
                    run.Dispose();
                    run = LanguageModelRun.Resume(directory, threads: 1 + (int)random.NextInteger(3));
                    Assert.Equal(Math.Min(stop, 30), run.StepCount);
                }
            }
            AssertSame(expected, directory, run);
            run.Dispose();
        }
    }

    [Fact]
    public void CancelledAtAnyMoment()
    {
        // A validation that takes longer than a step, so that many cancellations meet one.
        using var place = new Place(8000);
        RunOptions options = place.Options(steps: 6, validateEvery: 1) with { ValidationFraction = 0.95 };
        var expected = place.Uninterrupted(options);
        int interruptions = 0, inValidation = 0;
        var random = new RandomSource(5);
        for (int i = 0; i < 3; i++)
        {
            string directory = place.File($"run{i}");
            LanguageModelRun run = place.Create(options, directory: directory);
            // From the run's own first moments on, ever a little longer.
            for (double milliseconds = 1; ; milliseconds += 1 + 8 * random.NextDouble())
            {
                using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(milliseconds));
                if (!Interrupted(run, null, source.Token))
                    break;
                run.Dispose();
                interruptions++;
                inValidation += Position(directory) is { } p && p.GetProperty("logged").GetInt64() < p.GetProperty("step").GetInt64() ? 1 : 0;
                run = LanguageModelRun.Resume(directory, threads: 1);
            }
            AssertSame(expected, directory, run);
            run.Dispose();
        }
        Assert.True(interruptions >= 3 && inValidation >= 1, $"{interruptions} interruptions, {inValidation} in a validation.");
    }

    [Fact]
    public void TheSameRunGoesOnAfterACancellation()
    {
        using var place = new Place();
        RunOptions options = place.Options(steps: 9);
        var expected = place.Uninterrupted(options);
        using LanguageModelRun run = place.Create(options);
        using var source = new CancellationTokenSource();
        Assert.True(Interrupted(run, new Watcher(p =>
        {
            if (p.Step == 5)
                source.Cancel();
        }), source.Token));
        run.Train(cancellation: Cancellation);
        AssertSame(expected, place.Run, run);
    }

    [Fact]
    public void AProcessKilledAgainAndAgain()
    {
        const int Steps = 250;
        using var place = new Place();
        var expected = place.Uninterrupted(Child.Options(place.Text, Steps), dropout: 0.1f, threads: 1);
        var random = new RandomSource(2);
        int kills = 0;
        for (int seen = 0; kills < 4; kills++)
        {
            using Process child = Child.Start(place.Run, place.Text, Steps);
            // Some time in its first dozen steps, wherever it is then.
            int stop = seen + (int)random.NextInteger(12);
            while (!child.HasExited && Lines(place.Run) <= stop)
                Thread.Sleep(1);
            Thread.SpinWait((int)random.NextInteger(100_000));
            Assert.False(child.HasExited, "The process ended by itself: " + (child.HasExited ? child.StandardError.ReadToEnd() : ""));
            child.Kill();
            child.WaitForExit();
            Assert.NotEqual(0, child.ExitCode);
            seen = Lines(place.Run);
        }
        using LanguageModelRun run = LanguageModelRun.Resume(place.Run, threads: 1);
        Assert.InRange(run.StepCount, 1, Steps - 1);
        run.Train(cancellation: Cancellation);
        AssertSame(expected, place.Run, run);
    }

    [Fact]
    public void MoreStepsGoOn()
    {
        using var place = new Place();
        RunOptions longer = place.Options(steps: 12, validateEvery: 3) with { Schedule = new LearningRateSchedule(ScheduleKind.Constant) };
        var expected = place.Uninterrupted(longer);
        using (LanguageModelRun run = place.Create(longer with { Steps = 6 }))
            run.Train(cancellation: Cancellation);
        using (LanguageModelRun more = LanguageModelRun.Resume(place.Run, 1, steps: 12))
        {
            Assert.Equal((6, 12, false), (more.StepCount, more.Options.Steps, more.Finished));
        }
        // The new plan is stored at once.
        AssertResumes(expected, place.Run, threads: 2);
    }

    [Fact]
    public void AFinishedRunResumesToItsEnd()
    {
        using var place = new Place();
        RunProgress end;
        using (LanguageModelRun run = place.Create(place.Options(steps: 5)))
            end = run.Train(cancellation: Cancellation);
        SortedDictionary<string, string> before = Place.Content(place.Run);
        using LanguageModelRun again = LanguageModelRun.Resume(place.Run, 1);
        Assert.True(again.Finished);
        RunProgress same = again.Train(cancellation: Cancellation);
        Assert.Equal(end with { TokensPerSecond = 0, Remaining = default }, same with { Remaining = default });
        Assert.Equal(before, Place.Content(place.Run));
    }

    [Fact]
    public void ABatchFileCancelledAndResumed()
    {
        using var place = new Place();
        RunOptions options = new(BatchFile: place.BatchFile(2, 8, 12), Steps: 10);
        using LanguageModelRun whole = LanguageModelRun.Create(place.File("whole"), options, Tiny.Model(12), null, 1);
        whole.Train(cancellation: Cancellation);
        for (int stop = 3; stop <= 6; stop += 3)
        {
            using LanguageModelRun run = stop == 3 ? LanguageModelRun.Create(place.Run, options, Tiny.Model(12), null, 2) : LanguageModelRun.Resume(place.Run, 1);
            using var source = new CancellationTokenSource();
            Assert.True(Interrupted(run, new Watcher(p =>
            {
                if (p.Step == stop)
                    source.Cancel();
            }), source.Token));
            // Without a validation, model.safetensors is the last step.
            Bits.Equal(Tiny.Weights(run.Model), Tiny.Weights(XLstmLanguageModel.Load(place.Run)));
        }
        AssertResumes((LogLine.Read(place.File("whole")), Tiny.Weights(whole.Model)), place.Run, 1);
    }

    private static bool Interrupted(LanguageModelRun run, IRunObserver? observer, CancellationToken cancellation)
    {
        try
        {
            run.Train(observer, cancellation);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    private static void AssertResumes((IReadOnlyList<LogLine> Log, float[][] Weights) expected, string directory, int threads)
    {
        using LanguageModelRun run = LanguageModelRun.Resume(directory, threads);
        run.Train(cancellation: Cancellation);
        AssertSame(expected, directory, run);
    }

    private static void AssertSame((IReadOnlyList<LogLine> Log, float[][] Weights) expected, string directory, LanguageModelRun run)
    {
        Assert.Equal(expected.Log, LogLine.Read(directory));
        Bits.Equal(expected.Weights, Tiny.Weights(run.Model));
    }

    private static int Lines(string directory)
    {
        string path = Path.Combine(directory, "log.jsonl");
        if (!File.Exists(path))
            return 0;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Count(c => c == '\n');
    }

    private static JsonElement? Position(string directory)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(directory, "state.safetensors"));
        return JsonDocument.Parse(file.Metadata["position"]).RootElement;
    }
}
