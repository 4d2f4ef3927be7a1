namespace XLstm.Tests;

public class SessionTests
{
    [Fact]
    public void AppendIsStepsIsForward()
    {
        XLstmLanguageModel model = TestModels.Model();
        int[] tokens = TestModels.Tokens(60);
        using var pass = new Pass();
        (Tensor all, StackState end) = model.Forward(tokens, 1, null, pass);
        float[] expected = all.Span[^model.Config.VocabSize..].ToArray();

        using Session stepped = model.CreateSession(), appended = model.CreateSession(threads: 2), cut = model.CreateSession();
        foreach (int token in tokens)
            stepped.Step(token);
        appended.Append(tokens);
        cut.Append(tokens.AsSpan(0, 1));
        cut.Append(tokens.AsSpan(1, 2));
        cut.Append(tokens.AsSpan(3, 30));
        foreach (int token in tokens.AsSpan(33, 5))
            cut.Step(token);
        cut.Append(tokens.AsSpan(38));
        cut.Append([]);
        foreach (Session session in (Session[])[stepped, appended, cut])
        {
            Assert.Equal(60, session.Position);
            Numbers.Close("logits", expected, session.Logits);
            TestModels.Close("state", end, session.State);
        }
    }

    [Fact]
    public void APromptLongerThanASegmentIsTheSame()
    {
        XLstmLanguageModel model = TestModels.Model();
        int[] tokens = TestModels.Tokens(1300);
        using var pass = new Pass();
        (Tensor all, StackState end) = model.Forward(tokens, 1, null, pass);
        using Session session = model.CreateSession();
        Numbers.Close("logits", all.Span[^model.Config.VocabSize..], session.Append(tokens));
        TestModels.Close("state", end, session.State);
    }

    /// <summary>A model whose products are worth sharing among threads, and one whose products are not.</summary>
    public static TheoryData<int, int, int> Widths => new() { { 1, 12, 17 }, { 2, 12, 17 }, { 1, 256, 2000 }, { 2, 256, 2000 } };

    private static XLstmLanguageModel Model(int width, int vocabulary) =>
        new(TestModels.LanguageModel() with { EmbeddingDim = width, VocabSize = vocabulary, NumBlocks = 2 }, seed: 3);

    [Theory]
    [MemberData(nameof(Widths))]
    public void AStepAllocatesNothing(int threads, int width, int vocabulary)
    {
        using Session session = Model(width, vocabulary).CreateSession(threads);
        var sampler = new Sampler(new SamplingOptions(2f, TopK: 0, TopP: 0.99f, MinP: 0.001f, RepetitionPenalty: 1.1f, FrequencyPenalty: 0.1f, LogitBias: new Dictionary<int, float> { [1] = 0.5f }));
        sampler.Observe(Enumerable.Range(0, vocabulary).ToArray()); // so that it knows all tokens
        int token = 1;
        for (int i = 0; i < 50; i++)
            token = sampler.Next(session.Step(token));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 500; i++)
            token = sampler.Next(session.Step(token));
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>Tokens and prompts of a model wide enough to be shared among threads.</summary>
    [Fact]
    public void NumberOfThreadsChangesNoBit()
    {
        XLstmLanguageModel model = Model(256, 2000);
        float[] Logits(int threads)
        {
            using Session session = model.CreateSession(threads);
            session.Append(TestModels.Tokens(300));
            foreach (int token in TestModels.Tokens(20, seed: 2))
                session.Step(token);
            return session.Logits.ToArray();
        }

        float[] one = Logits(1);
        foreach (int threads in (int[])[2, 3, 8])
            Numbers.SameBits($"{threads} threads", one, Logits(threads));
    }

    [Fact]
    public void MemoryDoesNotGrowWithThePrompt()
    {
        XLstmLanguageModel model = TestModels.Model();
        using Session session = model.CreateSession();
        session.Append(TestModels.Tokens(1024));
        (long state, long held) = (session.StateBytes, session.HeldBytes);
        session.Append(TestModels.Tokens(5120));
        Assert.Equal((state, held), (session.StateBytes, session.HeldBytes));
        Assert.Equal(6144, session.Position);
    }

    [Fact]
    public void NotesGoWithASession()
    {
        XLstmLanguageModel model = TestModels.Model();
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "a.session");
        using Session session = model.CreateSession();
        session.Append(TestModels.Tokens(3));
        session.Notes["who"] = "Ann \"☃\" \ud800\n";
        session.Notes[""] = "";
        using Session fork = session.Fork();
        fork.Notes["who"] = "Ben";
        session.Save(path);
        using Session loaded = Session.Load(model, path);
        Assert.Equal([new("", ""), new("who", "Ann \"☃\" \ufffd\n")], loaded.Notes);
        loaded.Save(path);
        Session.Load(model, path).Dispose();
        session.Reset();
        Assert.Empty(session.Notes);

        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.AsSpan().IndexOf("Ann "u8)] ^= 2;
        File.WriteAllBytes(path, bytes);
        Assert.Contains("checksum", Assert.Throws<CheckpointException>(() => Session.Load(model, path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ForksSavesAndResetsContinueBitForBit()
    {
        XLstmLanguageModel model = TestModels.Model();
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "a.session");
        using Session session = model.CreateSession();
        session.Append(TestModels.Tokens(20));
        using Session fork = session.Fork();
        session.Save(path);
        using Session loaded = Session.Load(model, path), threaded = Session.Load(model, path, threads: 2);
        float[] start = session.Logits.ToArray();
        Session[] others = [fork, loaded, threaded];
        Assert.All(others, s => Assert.Equal(20, s.Position));
        Assert.All(others, s => Numbers.SameBits("logits", start, s.Logits));

        // The others move only when they are moved.
        foreach (int token in TestModels.Tokens(10, seed: 3))
            session.Step(token);
        session.Append(TestModels.Tokens(10, seed: 4));
        Assert.All(others, s => Numbers.SameBits("logits", start, s.Logits));
        foreach (Session other in others)
        {
            foreach (int token in TestModels.Tokens(10, seed: 3))
                other.Step(token);
            other.Append(TestModels.Tokens(10, seed: 4));
            AssertSame(session, other);
        }

        // A fork of a session that was disposed goes on.
        using Session orphan = fork.Fork();
        fork.Dispose();
        session.Step(2);
        orphan.Step(2);
        AssertSame(session, orphan);

        using Session fresh = model.CreateSession();
        session.Reset();
        AssertSame(fresh, session);
        fresh.Append(TestModels.Tokens(9));
        session.Append(TestModels.Tokens(9));
        AssertSame(fresh, session);
    }

    [Fact]
    public void SavingTwiceReplacesTheFile()
    {
        XLstmLanguageModel model = TestModels.Model();
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "a.session");
        using Session session = model.CreateSession();
        session.Save(path);
        session.Append([1, 2, 3]);
        session.Save(path);
        using Session loaded = Session.Load(model, path);
        AssertSame(session, loaded);
        Assert.Equal(["a.session"], Directory.EnumerateFiles(folder.Path).Select(f => Path.GetFileName(f)));
        Assert.InRange(new FileInfo(path).Length, session.StateBytes, session.StateBytes + 4 * model.Config.VocabSize + 2000);
    }

    [Fact]
    public void FilesThatAreNoSessionOfTheModelAreRefused()
    {
        XLstmLanguageModel model = TestModels.Model();
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "a.session");
        using (Session session = model.CreateSession())
        {
            session.Append([1, 2, 3]);
            session.Save(path);
        }
        var config = (XLstmLanguageModelConfig)model.Config;
        foreach (XLstmLanguageModelConfig other in (XLstmLanguageModelConfig[])[
            config with { EmbeddingDim = 16 }, config with { VocabSize = 18 }, config with { NumBlocks = 2 }, config with { NumBlocks = 4 },
            config with { SlstmAt = [2] }, config with { MlstmBlock = new(config.MlstmBlock!.Mlstm with { Conv1dKernelSize = 0 }) }])
        {
            CheckpointException e = Assert.Throws<CheckpointException>(() => Session.Load(new XLstmLanguageModel(other), path));
            Assert.Equal(path, e.Path);
            Assert.Contains("another model", e.Message, StringComparison.Ordinal);
        }

        // The same sizes, other weights.
        Assert.Contains("other weights", Assert.Throws<CheckpointException>(() => Session.Load(new XLstmLanguageModel(config, seed: 4), path)).Message, StringComparison.Ordinal);

        byte[] bytes = File.ReadAllBytes(path);
        foreach (int length in (int[])[0, 4, 8, 100, bytes.Length / 2, bytes.Length - 1])
            Assert.Throws<CheckpointException>(() => Session.Load(model, folder.File("damaged", bytes.AsSpan(0, length))));
        model.Save(folder.Path);
        Assert.Contains("session", Assert.Throws<CheckpointException>(() => Session.Load(model, Path.Combine(folder.Path, "model.safetensors"))).Message, StringComparison.Ordinal);
        Assert.ThrowsAny<IOException>(() => Session.Load(model, Path.Combine(folder.Path, "none")));
        Session.Load(model, path).Dispose();

        // One bit of any number, and versions from before and after.
        int last = bytes.Length - 1, first = bytes.Length - 4 * 17 - 5;
        foreach (int place in (int[])[last, first, bytes.Length / 2])
        {
            byte[] changed = [.. bytes];
            changed[place] ^= 1;
            CheckpointException e = Assert.Throws<CheckpointException>(() => Session.Load(model, folder.File("changed", changed)));
            Assert.Contains("checksum", e.Message, StringComparison.Ordinal);
        }
        foreach (string version in (string[])["2", "4"])
        {
            byte[] other = [.. bytes];
            other[bytes.AsSpan().IndexOf("\"version\":\"3\""u8) + 11] = (byte)version[0];
            CheckpointException e = Assert.Throws<CheckpointException>(() => Session.Load(model, folder.File("other", other)));
            Assert.Contains($"expected a session of version 3, found version {version}", e.Message, StringComparison.Ordinal);
        }
        byte[] moved = [.. bytes];
        moved[bytes.AsSpan().IndexOf("\"position\":\"3\""u8) + 12] = (byte)'4';
        Assert.Contains("checksum", Assert.Throws<CheckpointException>(() => Session.Load(model, folder.File("moved", moved))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StreamsAreFiles()
    {
        XLstmLanguageModel model = TestModels.Model();
        using var folder = new TemporaryFolder();
        using Session session = model.CreateSession();
        session.Append(TestModels.Tokens(20));
        using var stream = new MemoryStream();
        session.Save(stream);
        string path = Path.Combine(folder.Path, "a.session");
        session.Save(path);
        Assert.Equal(File.ReadAllBytes(path), stream.ToArray());
        stream.Position = 0;
        using Session loaded = Session.Load(model, stream);
        AssertSame(session, loaded);
        Assert.Contains("the session", Assert.Throws<CheckpointException>(() => Session.Load(model, new MemoryStream([1, 2, 3]))).Message, StringComparison.Ordinal);
    }

    /// <summary>The first segment is read, the second is stopped: the session is between the two, and goes on to the same bits.</summary>
    [Fact]
    public void ACancelledPromptIsReadInWholeSegments()
    {
        XLstmLanguageModel model = TestModels.Model();
        int[] tokens = TestModels.Tokens(1300);
        using Session session = model.CreateSession(), whole = model.CreateSession();
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => session.Append(tokens, new Report(p =>
        {
            Assert.Equal(p.Read == 512, p == new PromptProgress(512, 1300));
            if (p.Read == 512)
                source.Cancel();
        }), source.Token));
        Assert.Equal(512, session.Position);
        using Session part = model.CreateSession();
        part.Append(tokens.AsSpan(0, 512));
        AssertSame(part, session);
        session.Append(tokens.AsSpan(512));
        var heard = new List<PromptProgress>();
        whole.Append(tokens, new Report(heard.Add));
        Assert.Equal([new(512, 1300), new(1024, 1300), new(1300, 1300)], heard.Where(p => p == new PromptProgress(p.Read, p.Total)));
        AssertSame(whole, session);
    }

    /// <summary>A large model is long within a segment: every block is told, and who stops there finds the session as it was.</summary>
    [Fact]
    public void EveryBlockOfASegmentIsTold()
    {
        XLstmLanguageModel model = TestModels.Model();
        int[] tokens = TestModels.Tokens(700);
        using Session session = model.CreateSession();
        var shares = new List<double>();
        session.Append(tokens, new Report(p => shares.Add(p.Share * 700)));
        Assert.Equal(3, model.Stack.Blocks.Count);
        Assert.Equal([512 / 3.0, 1024 / 3.0, 512, 512 + (188 / 3.0), 512 + (376 / 3.0), 700], shares, (a, b) => Math.Abs(a - b) < 1e-9);

        foreach (int stop in (int[])[2, 3])
        {
            using Session stopped = model.CreateSession();
            int heard = 0;
            Assert.Throws<InvalidOperationException>(() => stopped.Append(tokens, new Report(_ =>
            {
                if (++heard == stop)
                    throw new InvalidOperationException();
            })));
            Assert.Equal(stop == 3 ? 512 : 0, stopped.Position);
            stopped.Append(tokens.AsSpan((int)stopped.Position));
            AssertSame(session, stopped);
        }
    }

    private sealed class Report(Action<PromptProgress> heard) : IProgress<PromptProgress>
    {
        void IProgress<PromptProgress>.Report(PromptProgress value) => heard(value);
    }

    [Fact]
    public void WrongTokensChangeNothing()
    {
        XLstmLanguageModel model = TestModels.Model();
        using Session session = model.CreateSession(), other = model.CreateSession();
        Assert.Throws<ArgumentException>(() => session.Append([]));
        session.Append([1, 2]);
        other.Append([1, 2]);
        Assert.Contains("17", Assert.Throws<ArgumentOutOfRangeException>(() => session.Step(17)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Step(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Append([1, 2, 99]));
        Assert.Throws<OperationCanceledException>(() => session.Append([1], new CancellationToken(canceled: true)));
        AssertSame(other, session);
    }

    /// <summary>Many sessions of one model on many threads: a loaded model is not written to.</summary>
    [Fact]
    public void SessionsShareAModelAcrossThreads()
    {
        XLstmLanguageModel model = TestModels.Model();
        using Session reference = model.CreateSession();
        float[] expected = reference.Append(TestModels.Tokens(50)).ToArray();
        Parallel.For(0, 16, _ =>
        {
            using Session session = model.CreateSession();
            Numbers.SameBits("logits", expected, session.Append(TestModels.Tokens(50)));
        });
        Assert.All(model.Parameters, p => Assert.Null(p.Gradient));
    }

    private static void AssertSame(Session expected, Session actual)
    {
        Assert.Equal(expected.Position, actual.Position);
        Numbers.SameBits("logits", expected.Logits, actual.Logits);
        foreach ((var a, var b) in expected.State.Tensors.Zip(actual.State.Tensors))
            Numbers.SameBits(a.Name, a.Tensor.Span, b.Tensor.Span);
    }
}
