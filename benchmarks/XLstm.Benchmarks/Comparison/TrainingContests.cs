using System.Globalization;
using XLstm.Training;

namespace XLstm.Benchmarks.Comparison;

/// <summary>Training steps of the example of the paper's package.</summary>
internal static class TrainingContests
{
    private const string Subject = "training step, vocabulary 256 D 128 7 blocks B 8 T 256";

    public static IEnumerable<Contest> All(IReadOnlyList<int> threads, PythonPeers peers)
    {
        int most = threads.Max();
        foreach (int count in threads)
        {
            yield return Package(count, count == most ? new Target(1 / 14.0, AtLeast: false) : null, peers);
            yield return Floor(count, count == most ? new Target(1.7, AtLeast: false) : null);
        }
        if (most > 1)
            yield return Threads(most);
        foreach (int time in (int[])[256, 512, 1024, 2048, 4096])
            yield return Memory(time);
        yield return Linear(4096, 512);
        yield return Recomputed(1024);
    }

    /// <summary>Where the time of a step goes.</summary>
    public static IEnumerable<Row> Profile(int threads, bool quick, string commit)
    {
        using var run = new Run(threads);
        foreach (Row row in StepProfile.Of("step", "the step", run.Workers, run.Step, threads, quick ? 5 : 30, commit))
            yield return row;
    }

    private static Contest Package(int threads, Target? target, PythonPeers peers) => new(
        $"training/package on {threads}", Subject, threads, "ms", target, () =>
        {
            var run = new Run(threads);
            var config = (XLstmLanguageModelConfig)run.Model.Config;
            return new Sides(Sides.Milliseconds(run.Step), run)
            {
                Peers = peers.For(
                    threads, about => about.GetProperty("package").ValueKind == System.Text.Json.JsonValueKind.String,
                    about => $"xlstm {about.GetProperty("package").GetString()}, PyTorch {about.GetProperty("torch").GetString()}",
                    new { @case = "package_step", vocabulary = config.VocabSize, width = config.EmbeddingDim, blocks = config.NumBlocks, slstm_at = config.SlstmAt, batch = Models.Batch, time = Models.Context },
                    seconds => 1e3 * seconds),
            };
        });

    private static Contest Floor(int threads, Target? target) => new(
        $"training/floor on {threads}", Subject, threads, "ms", target, () =>
        {
            var run = new Run(threads);
            long operations = OperationCount.TrainingStep(run.Model, Models.Batch, Models.Context);
            (Side peak, IDisposable held) = ProductContests.Peak(threads);
            return new Sides(Sides.Milliseconds(run.Step), run, held)
            {
                Peers = [(string.Create(CultureInfo.InvariantCulture, $"floor, {2e-9 * operations:F1} GFLOP"), seconds => 1e3 * operations / peak(seconds))],
            };
        });

    private static Contest Threads(int threads) => new(
        "training/threads", $"training steps a second on {threads} threads over those on one", threads, "/s", new Target(0.9 * threads, AtLeast: true), () =>
        {
            Run many = new(threads), one = new(1);
            return new Sides(Sides.Rate(1, many.Step), many, one) { Peers = [("one thread", Sides.Rate(1, one.Step))] };
        });

    private static Contest Memory(int time) => new(
        $"memory/T {time}", $"tensor memory of a training step, B 1 T {time.ToString("N0", CultureInfo.InvariantCulture)}, per token", 1, "KB", null,
        () => new Sides(_ => HeldPerToken(time)) { Constant = true });

    private static Contest Linear(int far, int near) => new(
        "memory/linear", $"tensor memory per token at T {far.ToString("N0", CultureInfo.InvariantCulture)} over that at T {near}", 1, "KB", new Target(1.10, AtLeast: false),
        () => new Sides(_ => HeldPerToken(far)) { Constant = true, Peers = [($"T {near}", _ => HeldPerToken(near))] });

    private static Contest Recomputed(int time) => new(
        "memory/recomputed", $"tensor memory per token at T {time.ToString("N0", CultureInfo.InvariantCulture)}, blocks run again in the backward", 1, "KB", new Target(0.5, AtLeast: false),
        () => new Sides(_ => HeldPerToken(time, recompute: true)) { Constant = true, Peers = [("the tape of every block", _ => HeldPerToken(time))] });

    private static double HeldPerToken(int time, bool recompute = false)
    {
        using var run = new Run(1, batch: 1, time, recompute);
        run.Step();
        return 1e-3 * run.HeldBytes / time;
    }

    /// <summary>A model that learns the same batch again and again.</summary>
    private sealed class Run : IDisposable
    {
        private readonly Trainer _trainer;
        private readonly int[] _tokens;
        private readonly int _batch;

        public Run(int threads, int batch = Models.Batch, int time = Models.Context, bool recompute = false)
        {
            Model = Models.Example();
            _trainer = new Trainer(Model.Parameters, threads: threads, recompute: recompute);
            (_batch, _tokens) = (batch, Numbers.Tokens(batch * time, Models.Vocabulary));
        }

        public XLstmLanguageModel Model { get; }

        public Workers Workers => _trainer.Pass.Workers;

        public long HeldBytes => _trainer.Pass.HeldBytes;

        public void Step() => _trainer.Step(pass => Ops.CrossEntropy(pass, Model.Forward(_tokens, _batch, null, pass).Logits, _tokens));

        public void Dispose() => _trainer.Dispose();
    }
}
