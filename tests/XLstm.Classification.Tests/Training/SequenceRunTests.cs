using XLstm.Training;

namespace XLstm.Classification.Tests;

public sealed class SequenceRunTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_interrupted_run_ends_as_one_that_was_not_on_any_number_of_threads(bool classes)
    {
        using var folder = new TemporaryFolder();
        SequenceData data = classes ? Samples.Waves(9) : Samples.Rates(9);
        SequenceOptions options = Samples.Quick with { Validation = 0.25, ValidateEvery = 4 };
        using (SequenceRun whole = SequenceRun.Create(folder["whole"], data, options, threads: 1))
            whole.Train();
        using var stop = new CancellationTokenSource();
        using (SequenceRun first = SequenceRun.Create(folder["parts"], data, options, threads: 3))
            Assert.Throws<OperationCanceledException>(() => first.Train(p => { if (p.Step == 5) stop.Cancel(); }, stop.Token));
        using (SequenceRun second = SequenceRun.Resume(folder["parts"], threads: 2))
        {
            Assert.Equal(5, second.StepCount);
            second.Train();
        }
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder["whole"], SequenceRun.WeightsFile)), File.ReadAllBytes(Path.Combine(folder["parts"], SequenceRun.WeightsFile)));
    }

    [Fact]
    public void How_the_table_was_read_stays_with_run_and_classifier()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["waves.csv"], "t,time,who,x,act\n" + string.Concat(Enumerable.Range(0, 40).Select(i => $"0,{i},{i / 20},{Math.Sin(i)},{(i % 20 < 10 ? "a" : "b")}\n")));
        SequenceData data = SequenceReader.Read(folder["waves.csv"], new SequenceTableOptions { Label = "act", Id = "who", Channels = ["x"], Window = 5, Every = 4 });
        SequenceRun.Create(folder["run"], data, Samples.Quick).Dispose();
        using SequenceRun run = SequenceRun.Resume(folder["run"]);
        run.Train();
        foreach (SequenceTableOptions? table in new[] { run.Table, run.Classifier().Table, SequenceModel.Table(folder["run"]) })
        {
            Assert.Equal(("act", "who", "time", 5, 4, true), (table!.Label, table.Id, table.Time, table.Window, table.Every, table.RowsAreSteps));
            Assert.Equal(["x"], table.Channels!);
            Assert.Equal(data.Series.Count, SequenceReader.Read(folder["waves.csv"], table).Series.Count);
        }
        Assert.Null(SequenceClassifier.Fit(Samples.Waves(4), Samples.Quick).Table);
    }

    [Fact]
    public void A_directory_with_a_run_is_not_overwritten_and_one_without_not_resumed()
    {
        using var folder = new TemporaryFolder();
        using SequenceRun run = SequenceRun.Create(folder["run"], Samples.Waves(4), Samples.Quick);
        Assert.Throws<IOException>(() => SequenceRun.Create(folder["run"], Samples.Waves(4), Samples.Quick));
        Assert.Throws<CheckpointException>(() => SequenceRun.Resume(folder["none"]));
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        foreach ((SequenceOptions options, string name) in new[]
        {
            (Samples.Quick with { Steps = 0 }, "Steps"), (Samples.Quick with { Dropout = double.NaN }, "Dropout"), (Samples.Quick with { Validation = 1 }, "Validation"),
            (Samples.Quick with { Batch = 0 }, "Batch"), (Samples.Quick with { Pattern = "x" }, "pattern"), (Samples.Quick with { Pooling = (SequencePooling)9 }, "Pooling"),
            (Samples.Quick with { EmbeddingDim = 0 }, "EmbeddingDim"),
        })
        {
            using var folder = new TemporaryFolder();
            Assert.Contains(name, Assert.ThrowsAny<ArgumentException>(() => SequenceRun.Create(folder["run"], Samples.Waves(4), options)).Message, StringComparison.Ordinal);
        }
    }
}
