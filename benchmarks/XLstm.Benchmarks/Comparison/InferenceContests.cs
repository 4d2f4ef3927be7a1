using System.Globalization;
using XLstm.Cli.Benchmarking;

namespace XLstm.Benchmarks.Comparison;

/// <summary>Generating, beside what memory can deliver, and reading prompts, beside what products can.</summary>
internal static class InferenceContests
{
    private static readonly (int Width, int Blocks)[] s_sizes = [(256, 8), (512, 8), (768, 12), (1024, 16)];

    public static IEnumerable<Contest> All(IReadOnlyList<int> threads)
    {
        int most = threads.Max();
        yield return TokensPerSecond();
        yield return Allocated();
        foreach ((int width, int blocks) in s_sizes)
            foreach (int count in threads)
                yield return Bandwidth(width, blocks, count, (width, count) == (s_sizes[^1].Width, most) ? new Target(0.85, AtLeast: true) : null);
        foreach ((int width, int blocks) in s_sizes[2..])
            yield return Bandwidth(width, blocks, most, null, states: true);
        foreach (int length in (int[])[4096, 16384, 65536])
            yield return Prefill(length, most, length == 4096 ? new Target(2, AtLeast: false) : null);
        yield return PrefillFlatness(most);
    }

    private static Contest TokensPerSecond() => new(
        "generation/small", "generation, 0.83 M parameters, one stream", 1, "tokens/s", new Target(8000, AtLeast: true, OfRatio: false), () =>
        {
            var stream = new Stream(Models.Example(), 1, tokens: 64);
            return new Sides(Sides.Rate(64, stream.Run), stream);
        });

    private static Contest Allocated() => new(
        "generation/allocation", "memory allocated for a token", 1, "bytes", new Target(0, AtLeast: false, OfRatio: false), () =>
        {
            var stream = new Stream(Models.Example(), 1, tokens: 100);
            return new Sides(_ => stream.AllocatedPerToken(), stream) { Constant = true };
        });

    // Of a state every element is read and written for each token; the target counts what has to be read at least.
    private static Contest Bandwidth(int width, int blocks, int threads, Target? target, bool states = false) => new(
        $"generation/D {width} on {threads}{(states ? " with states" : "")}",
        $"generation, width {width}, {blocks} blocks, {(states ? "weights read, states read and written" : "weights read")}", threads, "GB/s", target, () =>
        {
            XLstmLanguageModel model = Models.Of(width, blocks);
            var stream = new Stream(model, threads, tokens: 2);
            // The embedding is a look-up of one row; every other weight is read once for each token.
            double bytes = sizeof(float) * (double)(model.Parameters.ElementCount - model.Embedding.Weight.Length) + (states ? 2.0 * model.Stack.CreateState().Bytes : 0);
            var memory = new ReadBandwidth(threads);
            return new Sides(Sides.Rate(2e-9 * bytes, stream.Run), stream, memory)
            {
                Peers = [(string.Create(CultureInfo.InvariantCulture, $"read bandwidth; {1e-6 * bytes:F0} MB for a token"), seconds => 1e-9 * Best(memory, seconds))],
            };
        });

    public static double Best(ReadBandwidth memory, double seconds)
    {
        double best = 0;
        long started = Environment.TickCount64;
        do
            best = Math.Max(best, memory.Sweep());
        while (Environment.TickCount64 - started < 1000 * seconds);
        return best;
    }

    private static Contest Prefill(int length, int threads, Target? target) => new(
        $"prefill/T {length}", $"prompt of {Count(length)} tokens, 0.83 M parameters", threads, "ms", target, () =>
        {
            var prompt = new Prompt(length, threads);
            long operations = OperationCount.Forward(prompt.Model, length, headRows: 1);
            (Side peak, IDisposable held) = ProductContests.Peak(threads);
            return new Sides(Sides.Milliseconds(prompt.Read), prompt, held)
            {
                Peers = [(string.Create(CultureInfo.InvariantCulture, $"floor, {2e-9 * operations:F1} GFLOP"), seconds => 1e3 * operations / peak(seconds))],
            };
        });

    private static Contest PrefillFlatness(int threads) => new(
        "prefill/flat", "prompt, time per token at 65,536 tokens over that at 4,096", threads, "us", new Target(1.10, AtLeast: false), () =>
        {
            Prompt far = new(65536, threads), near = new(4096, threads);
            return new Sides(seconds => 1e6 * Timing.Seconds(far.Read, seconds) / far.Length, far, near)
            {
                Peers = [("4,096 tokens", seconds => 1e6 * Timing.Seconds(near.Read, seconds) / near.Length)],
            };
        });

    private static string Count(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private sealed class Stream(XLstmLanguageModel model, int threads, int tokens) : IDisposable
    {
        private readonly Session _session = model.CreateSession(threads);
        private readonly Sampler _sampler = new(new SamplingOptions());
        private int _token = 1;

        public void Run()
        {
            for (int i = 0; i < tokens; i++)
                _token = _sampler.Next(_session.Step(_token));
        }

        public double AllocatedPerToken()
        {
            Run();
            long before = GC.GetAllocatedBytesForCurrentThread();
            Run();
            return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)tokens;
        }

        public void Dispose() => _session.Dispose();
    }

    private sealed class Prompt(int length, int threads) : IDisposable
    {
        private readonly int[] _tokens = Numbers.Tokens(length, Models.Vocabulary);
        private Session? _session;

        public XLstmLanguageModel Model { get; } = Models.Example();

        public int Length => length;

        public void Read()
        {
            _session ??= Model.CreateSession(threads);
            _session.Reset();
            _session.Append(_tokens);
        }

        public void Dispose() => _session?.Dispose();
    }
}
