namespace XLstm.Training.Tests;

/// <summary>Files that are damaged, missing, in the way or another's; disks that are full.</summary>
public class RunFilesTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData("{\"step\":6,\"loss\":1.2")]
    [InlineData("{\"step\":6,\"loss\":1.2,\"mean_loss\":1.2,\"learning_rate\":0.1,\"gradient_norm\":1}\n{\"st")]
    [InlineData("\0\0\0\0\0\0")]
    public void ATornLogIsCutWhereTheCheckpointStands(string torn)
    {
        using var place = new Place();
        RunOptions options = place.Options(steps: 8);
        var expected = place.Uninterrupted(options);
        Interrupt(place, options, after: 6);
        File.AppendAllText(Path.Combine(place.Run, "log.jsonl"), torn);
        File.WriteAllText(Path.Combine(place.Run, "state.safetensors.123-abc.tmp"), "half a state");
        using LanguageModelRun run = LanguageModelRun.Resume(place.Run, 1);
        run.Train(cancellation: Cancellation);
        Assert.Equal(expected.Log, LogLine.Read(place.Run));
    }

    [Fact]
    public void LinesThatAreNoneOfOursStay()
    {
        using var place = new Place();
        RunOptions options = place.Options(steps: 8);
        Interrupt(place, options, after: 6);
        string log = Path.Combine(place.Run, "log.jsonl");
        string[] lines = File.ReadAllLines(log);
        File.WriteAllLines(log, [lines[0], "# a remark", "[1]", "7", .. lines[1..]]);
        using LanguageModelRun run = LanguageModelRun.Resume(place.Run, 1);
        run.Train(cancellation: Cancellation);
        string[] after = File.ReadAllLines(log);
        Assert.Equal(["# a remark", "[1]", "7"], after[1..4]);
        Assert.Equal(8 + 3, after.Length);
    }

    [Fact]
    public void WithoutALogItStartsAnew()
    {
        using var place = new Place();
        Interrupt(place, place.Options(steps: 8), after: 6);
        File.Delete(Path.Combine(place.Run, "log.jsonl"));
        using LanguageModelRun run = LanguageModelRun.Resume(place.Run, 1);
        run.Train(cancellation: Cancellation);
        Assert.Equal([6, 7], LogLine.Read(place.Run).Select(l => l.Step));
    }

    [Fact]
    public void MissingFilesAreNamed()
    {
        using var place = new Place();
        Refused(place.Run, "run.json", "a run to resume");
        Interrupt(place, place.Options(steps: 8), after: 6);
        foreach ((string name, string expected) in new[] { ("state.safetensors", "start it again"), ("tokenizer.json", "tokenizer.json"), ("config.json", "config.json"), ("run.json", "Start a run first") })
        {
            string path = Path.Combine(place.Run, name);
            byte[] bytes = File.ReadAllBytes(path);
            File.Delete(path);
            Assert.Contains(expected, Refused(place.Run, null).Message);
            File.WriteAllBytes(path, bytes);
        }
        LanguageModelRun.Resume(place.Run, 1).Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"steps\": 5}")]
    [InlineData("{\"text\": \"a\", \"steps\": 0}")]
    [InlineData("{\"text\": \"a\", \"steps\": 1, \"minutes\": 1}")]
    [InlineData("{\"text\": \"a\", \"steps\": 5, \"surprise\": 1}")]
    [InlineData("{\"text\": \"a\", \"steps\": \"many\"}")]
    [InlineData("{\"text\": \"a\", \"steps\": 5, \"optimizer\": {\"learning_rate\": -1}}")]
    [InlineData("{\"text\": \"a\", \"steps\": 5, \"schedule\": {\"kind\": \"steep\"}}")]
    public void DamagedOptionsAreRefused(string json)
    {
        using var place = new Place();
        Interrupt(place, place.Options(steps: 8), after: 6);
        File.WriteAllText(Path.Combine(place.Run, "run.json"), json);
        Refused(place.Run, "run.json", "the options of a run");
    }

    [Fact]
    public void OptionsComeBackAsTheyWere()
    {
        using var place = new Place();
        var options = new RunOptions(
            place.Text, null, 9, null, 2, 11, 3, 0.2, 4, 5, ulong.MaxValue, new OptimizerOptions(0.01, 0.8, 0.9, 1e-7, 0.2, 0.5),
            new LearningRateSchedule(ScheduleKind.Linear, 3, 0.05), place.File("my.log"));
        place.Create(options).Dispose();
        using (LanguageModelRun run = LanguageModelRun.Resume(place.Run, 1))
            Assert.Equal(options, run.Options);

        // Only what has no default.
        File.WriteAllText(Path.Combine(place.Run, "run.json"), $"{{\"text\": {System.Text.Json.JsonSerializer.Serialize(place.Text)}, \"steps\": 9, \"validation_fraction\": 0.2}}");
        using LanguageModelRun defaults = LanguageModelRun.Resume(place.Run, 1);
        Assert.Equal(new RunOptions(place.Text, Steps: 9, ValidationFraction: 0.2), defaults.Options);
    }

    [Fact]
    public void PathsAreStoredInFull()
    {
        using var place = new Place();
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, place.Text);
        using LanguageModelRun run = place.Create(place.Options(1) with { Text = relative, Log = Path.GetRelativePath(Environment.CurrentDirectory, place.File("l.jsonl")) });
        Assert.Equal((place.Text, place.File("l.jsonl")), (run.Options.Text, run.Options.Log));
    }

    [Fact]
    public void ADamagedStateIsRefused()
    {
        using var place = new Place();
        Interrupt(place, place.Options(steps: 8), after: 6);
        string state = Path.Combine(place.Run, "state.safetensors");
        byte[] whole = File.ReadAllBytes(state);
        foreach (int length in new[] { 0, 4, 100, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(state, whole[..length]);
            Refused(place.Run, "state.safetensors");
        }

        SafetensorsWriter.Write(state, [TensorToWrite.FromInt64("tokens", [1], new long[1])]);
        Refused(place.Run, "state.safetensors", "a run of version 2");

        string text = System.Text.Encoding.Latin1.GetString(whole);
        foreach ((string from, string to) in new[] { ("\\u0022step\\u0022:6", "\\u0022step\\u0022:-"), ("\\u0022step\\u0022:6", "\\u0022step\\u0022:9"), ("\\u0022logged\\u0022:6", "\\u0022logged\\u0022:7") })
        {
            Assert.Contains(from, text.Replace(" ", ""));
            File.WriteAllBytes(state, System.Text.Encoding.Latin1.GetBytes(text.Replace(from.Replace(":", ": "), to.Replace(":", ": ")).Replace(from, to)));
            Refused(place.Run, "state.safetensors", "where the run stands");
        }
        foreach (int at in new[] { whole.Length - 1, whole.Length / 2 })
        {
            byte[] flipped = [.. whole];
            flipped[at] ^= 1;
            File.WriteAllBytes(state, flipped);
            Refused(place.Run, "state.safetensors", "checksum");
        }
        File.WriteAllBytes(state, whole);
        LanguageModelRun.Resume(place.Run, 1).Dispose();
    }

    [Fact]
    public void TheStateOfAnotherModelIsRefused()
    {
        using var place = new Place();
        Interrupt(place, place.Options(steps: 8), after: 6);
        XLstmLanguageModelConfig config = Tiny.Config(place.Tokenizer.VocabularySize);
        ModelConfigWriter.Write(place.Run, config with { EmbeddingDim = 32 });
        Refused(place.Run, "state.safetensors", "The state belongs to another model");
        ModelConfigWriter.Write(place.Run, config with { NumBlocks = 3 });
        Refused(place.Run, "state.safetensors", "The state belongs to another model");
    }

    [Fact]
    public void AnotherTextIsRefused()
    {
        using var place = new Place();
        Interrupt(place, place.Options(steps: 8), after: 6);
        string text = File.ReadAllText(place.Text);
        File.WriteAllText(place.Text, text + Tiny.Text(100));
        Assert.Equal(place.Text, Refused(place.Run, null, "as when the run began, found 2790 tokens").Path);
        File.WriteAllText(place.Text, string.Concat(text.Reverse()));
        Assert.Equal(place.Text, Refused(place.Run, null, "as when the run began, found 2700 tokens").Path);
    }

    [Fact]
    public void ATextThatIsTooShortIsRefusedAndNothingIsMade()
    {
        using var place = new Place();
        File.WriteAllText(place.Text, Tiny.Text(20));
        Assert.Contains("at least 21 tokens to train on", RefusedToCreate(place, place.Options(1)).Message);
        File.WriteAllText(place.Text, Tiny.Text(10));
        Assert.Contains("and 2 for validation, found 9 and 1", RefusedToCreate(place, place.Options(1) with { Context = 3 }).Message);
        File.WriteAllText(place.Text, "");
        Assert.Contains("an empty file", RefusedToCreate(place, place.Options(1)).Message);
        File.Delete(place.Text);
        Assert.Contains("found nothing", RefusedToCreate(place, place.Options(1)).Message);
    }

    [Fact]
    public void TheShortestTextThatIsLongEnoughTrains()
    {
        using var place = new Place();
        File.WriteAllText(place.Text, Tiny.Text(24)); // 22 to train on, 2 to validate
        IReadOnlyList<LogLine> log = place.Uninterrupted(place.Options(steps: 3) with { Context = 21, ValidationFraction = 2 / 24.0 }).Log;
        Assert.Equal(3, log.Count);
        Assert.True(double.IsFinite(log[^1].ValidationLoss!.Value));
    }

    [Fact]
    public void ATokenizerThatIsLargerThanTheModelIsRefusedAndNothingIsMade()
    {
        using var place = new Place();
        var error = Assert.Throws<CheckpointException>(() => LanguageModelRun.Create(place.Run, place.Options(1), Tiny.Model(place.Tokenizer.VocabularySize - 1), place.Tokenizer));
        Assert.Contains($"expected at most {place.Tokenizer.VocabularySize - 1} tokens, the model's vocab_size, found {place.Tokenizer.VocabularySize} tokens (characters)", error.Message);
        Assert.False(Directory.Exists(place.Run));
    }

    [Fact]
    public void ABatchThatDoesNotFitIsRefusedAndNothingIsMade()
    {
        using var place = new Place();
        void Bad(string path, params string[] expected)
        {
            var error = Assert.Throws<CheckpointException>(() => LanguageModelRun.Create(place.Run, new RunOptions(BatchFile: path, Steps: 1), Tiny.Model(12), null));
            Assert.All(expected, e => Assert.Contains(e, error.Message));
            Assert.False(Directory.Exists(place.Run));
        }
        Bad(place.File("none.safetensors"), "none.safetensors", "nothing");
        Bad(place.BatchFile([1, 2], [3, 12], [1, 1]), "tensor tokens", "from 0 to 11", "12 at [0, 1]");
        Bad(place.BatchFile([2, 1], [3, -1], [1, 1]), "tensor tokens", "-1 at [1, 0]");
        Bad(place.BatchFile([1, 2], [3, 4], [-2, 1]), "tensor labels", "from -1 to 11", "-2 at [0, 0]");
        Bad(place.BatchFile([2], [3, 4], [1, 1]), "tensor tokens", "I64 [B, T]");
        Bad(place.BatchFile([0, 2], [], []), "tensor tokens");
        string path = place.File("bad.safetensors");
        SafetensorsWriter.Write(path, [TensorToWrite.FromInt64("tokens", [1, 2], new long[2])]);
        Bad(path, "tensor labels");
        SafetensorsWriter.Write(path, [TensorToWrite.FromInt64("tokens", [1, 2], new long[2]), TensorToWrite.FromInt64("labels", [2, 1], new long[2])]);
        Bad(path, "tensor labels", "[1, 2], as tokens", "[2, 1]");
        SafetensorsWriter.Write(path, [TensorToWrite.FromFloats("tokens", [1, 2], new float[2]), TensorToWrite.FromInt64("labels", [1, 2], new long[2])]);
        Bad(path, "tensor tokens", "F32");
        File.WriteAllText(path, "no safetensors");
        Bad(path, "bad.safetensors");
    }

    [Fact]
    public void OptionsOutOfRangeAreNamed()
    {
        using var place = new Place();
        string? Name(RunOptions options) => Assert.ThrowsAny<ArgumentException>(() => place.Create(options)).ParamName;
        RunOptions good = place.Options(1);
        Assert.Equal("Text", Name(good with { Text = null }));
        Assert.Equal("Text", Name(good with { BatchFile = "b" }));
        Assert.Equal("Steps", Name(good with { Steps = null }));
        Assert.Equal("Steps", Name(good with { Minutes = 1 }));
        Assert.Equal("Steps", Name(good with { Steps = 0 }));
        Assert.Equal("Minutes", Name(good with { Steps = null, Minutes = 0 }));
        Assert.Equal("Minutes", Name(good with { Steps = null, Minutes = double.NaN }));
        Assert.Equal("Batch", Name(good with { Batch = 0 }));
        Assert.Equal("Batch", Name(good with { Batch = 1 << 20, Context = 1 << 10 }));
        Assert.Equal("Context", Name(good with { Context = 0 }));
        Assert.Equal("Accumulation", Name(good with { Accumulation = 0 }));
        Assert.Equal("ValidateEvery", Name(good with { ValidateEvery = -1 }));
        Assert.Equal("Patience", Name(good with { Patience = -1 }));
        Assert.Equal("ValidationFraction", Name(good with { ValidationFraction = 0 }));
        Assert.Equal("ValidationFraction", Name(good with { ValidationFraction = 1 }));
        Assert.Equal("Clip", Name(good with { Optimizer = new OptimizerOptions(Clip: -1) }));
        Assert.Equal("threads", Assert.Throws<ArgumentOutOfRangeException>(() => place.Create(good, threads: -1)).ParamName);
        Assert.Equal("Steps", Assert.Throws<ArgumentOutOfRangeException>(() =>
        {
            place.Create(good).Dispose();
            LanguageModelRun.Resume(place.Run, steps: 0);
        }).ParamName);
        Assert.Equal(1, LanguageModelRun.Resume(place.Run, 1).Options.Steps);
    }

    [Fact]
    public void AnOldRunStaysUntilTheNewOneIsGood()
    {
        using var place = new Place();
        Interrupt(place, place.Options(steps: 8), after: 6);
        SortedDictionary<string, string> before = Place.Content(place.Run);
        void Same() => Assert.Equal(before, Place.Content(place.Run));

        Assert.Throws<ArgumentOutOfRangeException>(() => place.Create(place.Options(0)));
        Same();
        Assert.Throws<CheckpointException>(() => place.Create(place.Options(1) with { Context = 5000 }));
        Same();
        Assert.Throws<CheckpointException>(() => LanguageModelRun.Create(place.Run, place.Options(1), Tiny.Model(5), place.Tokenizer));
        Same();
        Assert.Throws<CheckpointException>(() => place.Create(place.Options(1) with { Text = place.File("none.txt") }));
        Same();
        XLstmLanguageModel poisoned = place.Model();
        poisoned.Head.Weight.Span[3] = float.NaN;
        Assert.Contains("parameter lm_head.weight", Assert.Throws<DivergedException>(() => LanguageModelRun.Create(place.Run, place.Options(1), poisoned, place.Tokenizer)).Message);
        Same();

        // A disk that takes nothing more.
        File.WriteAllText(Path.Combine(place.Run, ".new"), "in the way");
        Assert.Contains(place.Run, Assert.Throws<IOException>(() => place.Create(place.Options(1))).Message);
        File.Delete(Path.Combine(place.Run, ".new"));
        Same();

        // And what a process that was killed while it wrote leaves behind is no hindrance.
        Directory.CreateDirectory(Path.Combine(place.Run, ".new"));
        File.WriteAllText(Path.Combine(place.Run, ".new", "run.json"), "half");
        using LanguageModelRun run = place.Create(place.Options(3));
        Assert.Equal(["config.json", "run.json", "state.safetensors", "tokenizer.json"], Place.Content(place.Run).Keys);
        run.Train(cancellation: Cancellation);
        Assert.Equal(3, LogLine.Read(place.Run).Count);
    }

    [Fact]
    public void ARunOfABatchReplacesOneOfATextWithItsTokenizer()
    {
        using var place = new Place();
        Interrupt(place, place.Options(steps: 8), after: 6);
        LanguageModelRun.Create(place.Run, new RunOptions(BatchFile: place.BatchFile(2, 3, 12), Steps: 2), Tiny.Model(12), null).Dispose();
        Assert.Equal(["config.json", "run.json", "state.safetensors"], Place.Content(place.Run).Keys);
    }

    [Fact]
    public void ADiskThatIsFullLeavesTheLastCheckpoint()
    {
        using var place = new Place();
        RunOptions options = place.Options(steps: 12);
        var expected = place.Uninterrupted(options);
        string state = Path.Combine(place.Run, "state.safetensors"), aside = place.File("aside");
        using (LanguageModelRun run = place.Create(options))
        {
            var error = Assert.Throws<IOException>(() => run.Train(
                new Watcher(p =>
                {
                    if (p.Step != 7)
                        return;
                    File.Move(state, aside); // the checkpoint of step 4; the one of step 8 finds something in its way
                    Directory.CreateDirectory(Path.Combine(state, "in the way"));
                }), Cancellation));
            Assert.Contains(state, error.Message);
        }
        Assert.DoesNotContain(Place.Content(place.Run).Keys, name => name.EndsWith(".tmp", StringComparison.Ordinal));
        Directory.Delete(state, recursive: true);
        File.Move(aside, state);
        using LanguageModelRun again = LanguageModelRun.Resume(place.Run, 1);
        Assert.Equal(4, again.StepCount);
        again.Train(cancellation: Cancellation);
        Assert.Equal(expected.Log, LogLine.Read(place.Run));
    }

    [Fact]
    public void ALogThatCannotBeWrittenIsNamed()
    {
        using var place = new Place();
        Directory.CreateDirectory(place.File("folder"));
        using LanguageModelRun run = place.Create(place.Options(2) with { Log = place.File("folder") });
        Assert.Contains(place.File("folder"), Assert.ThrowsAny<IOException>(() => run.Train(cancellation: Cancellation)).Message);
        Assert.Equal(0, run.StepCount);

        if (OperatingSystem.IsLinux()) // has a file that is a full disk
        {
            using LanguageModelRun other = place.Create(place.Options(2) with { Log = "/dev/full" });
            Assert.Contains("/dev/full", Assert.ThrowsAny<IOException>(() => other.Train(cancellation: Cancellation)).Message);
            LanguageModelRun.Resume(place.Run, 1).Dispose();
        }
    }

    [Fact]
    public void ARunIsTrainedByOneProcessAtATime()
    {
        using var place = new Place();
        using LanguageModelRun run = place.Create(place.Options(steps: 6));
        var expected = place.Uninterrupted(place.Options(steps: 6));
        run.Train(new Watcher(p =>
        {
            if (p.Step != 5)
                return;
            using LanguageModelRun second = LanguageModelRun.Resume(place.Run, 1);
            Assert.Contains(place.Run, Assert.ThrowsAny<IOException>(() => second.Train(cancellation: Cancellation)).Message);
            Assert.Contains(place.Run, Assert.ThrowsAny<IOException>(() => place.Create(place.Options(1))).Message);
        }), Cancellation);
        Assert.Equal(expected.Log, LogLine.Read(place.Run));
    }

    [Theory]
    [InlineData(1e30, 1)] // seen by the validation after the first update
    [InlineData(1e30, 100)] // seen by the loss of the second step
    [InlineData(1e39, 1)] // the rate is no float: the weights themselves
    public void ARateThatExplodesLeavesTheLastCheckpoint(double rate, int validateEvery)
    {
        using var place = new Place();
        using (LanguageModelRun run = place.Create(place.Options(50, validateEvery) with { Optimizer = new OptimizerOptions(LearningRate: rate), Schedule = new LearningRateSchedule(ScheduleKind.Constant) }))
        {
            var error = Assert.Throws<DivergedException>(() => run.Train(cancellation: Cancellation));
            Assert.NotEmpty(error.Where);
            Assert.InRange(error.Step, 1, 3);
        }
        using LanguageModelRun last = LanguageModelRun.Resume(place.Run, 1);
        Assert.Equal(0, last.StepCount);
        Bits.Equal(Tiny.Weights(place.Model()), Tiny.Weights(last.Model));
        Assert.False(File.Exists(Path.Combine(place.Run, "model.safetensors")));
    }

    [Fact]
    public void AnExplosionInTheLastStepIsNotSaved()
    {
        using var place = new Place();
        RunOptions options = new(BatchFile: place.BatchFile(2, 8, 12), Steps: 1, Optimizer: new OptimizerOptions(LearningRate: 1e39), Schedule: new LearningRateSchedule(ScheduleKind.Constant));
        using LanguageModelRun run = LanguageModelRun.Create(place.Run, options, Tiny.Model(12), null, 1);
        Assert.Contains("a weight or its moments is not a finite number", Assert.Throws<DivergedException>(() => run.Train(cancellation: Cancellation)).Message);
        Assert.False(File.Exists(Path.Combine(place.Run, "model.safetensors")));
        using LanguageModelRun last = LanguageModelRun.Resume(place.Run, 1);
        Assert.Equal(0, last.StepCount);
    }

    private static void Interrupt(Place place, RunOptions options, int after)
    {
        using var source = new CancellationTokenSource();
        using LanguageModelRun run = place.Create(options);
        Assert.Throws<OperationCanceledException>(() => run.Train(
            new Watcher(p =>
            {
                if (p.Step == after)
                    source.Cancel();
            }), source.Token));
        Assert.Equal(after, run.StepCount);
    }

    private static CheckpointException Refused(string directory, string? file, string message = "")
    {
        var error = Assert.Throws<CheckpointException>(() => LanguageModelRun.Resume(directory, 1));
        if (file is not null)
            Assert.Equal(Path.Combine(directory, file), error.Path);
        Assert.Contains(message, error.Message);
        return error;
    }

    private static CheckpointException RefusedToCreate(Place place, RunOptions options)
    {
        var error = Assert.Throws<CheckpointException>(() => place.Create(options));
        Assert.Equal(options.Text, error.Path);
        Assert.False(Directory.Exists(place.Run));
        return error;
    }
}
