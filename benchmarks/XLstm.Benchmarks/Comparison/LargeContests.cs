using System.Globalization;
using XLstm.Cli.Benchmarking;
using XLstm.Kernels;

namespace XLstm.Benchmarks.Comparison;

/// <summary>xLSTM Large with random weights: generating beside what memory delivers, reading prompts beside what products do, both beside llama.cpp.</summary>
internal static class LargeContests
{
    private static readonly int[] s_contexts = [16, 2048, 8192, 16384, 65536];

    public static IEnumerable<Contest> All(IReadOnlyList<int> threads, LlamaPeer llama)
    {
        int most = threads.Max();
        foreach (WeightFormat format in (WeightFormat[])[WeightFormat.Q4, WeightFormat.Q8, WeightFormat.BF16])
        {
            yield return Decoding("7B", LargeModels.SevenBillion, format, most, new Target(0.8, AtLeast: true));
            yield return Prefill("7B", LargeModels.SevenBillion, format, 128, most, new Target(0.5, AtLeast: true));
        }
        yield return FirstToken(most);
        yield return Decoding("164M", LargeModels.Small, WeightFormat.Q8, most, null);
        yield return TokensPerSecond(most);
        yield return PrefillOverDecoding(most);
        foreach (int context in s_contexts)
            yield return BesideLlama(context, most, llama, context switch { 16 => new Target(1.3, AtLeast: true), 8192 => new Target(6, AtLeast: true), _ => null });
        yield return PromptBesideLlama(512, most, llama);
    }

    /// <summary>Where the time of a token goes, and of a prompt of 512, by groups of rows.</summary>
    public static IEnumerable<(string Group, Func<IEnumerable<Row>> Rows)> Profiles(int threads, bool quick, string commit)
    {
        yield return ("largetoken", () => Of("largetoken", "a token of 7B shapes in 4 bits", LargeModels.SevenBillion, WeightFormat.Q4, text => text.Step, quick ? 3 : 10));
        yield return ("largeprompt", () => Of("largeprompt", "512 tokens of 7B shapes in 4 bits", LargeModels.SevenBillion, WeightFormat.Q4, text => () => text.Read(512), 1));
        yield return ("smalltoken", () => Of("smalltoken", "a token of 164M shapes in 8 bits", LargeModels.Small, WeightFormat.Q8, text => text.Step, quick ? 50 : 300));
        yield return ("smallprompt", () => Of("smallprompt", "1,024 tokens of 164M shapes in 8 bits", LargeModels.Small, WeightFormat.Q8, text => () => text.Read(1024), quick ? 3 : 10));

        IEnumerable<Row> Of(string group, string whole, XLstmLargeConfig config, WeightFormat format, Func<Text, Action> run, int steps)
        {
            using var text = new Text(LargeModels.Open(config, format), threads);
            foreach (Row row in StepProfile.Of(group, whole, text.Workers, run(text), threads, steps, commit))
                yield return row;
        }
    }

    private static Contest Decoding(string name, XLstmLargeConfig config, WeightFormat format, int threads, Target? target) => new(
        $"large/decoding {name} {format}", $"{name} shapes, {Name(format)}, generation: weights read, states read and written", threads, "GB/s", target, () =>
        {
            XLstmLanguageModel model = LargeModels.Open(config, format);
            var text = new Text(model, threads);
            double bytes = LargeModels.BytesPerToken(model) + (2.0 * text.StateBytes);
            var memory = new ReadBandwidth(threads);
            return new Sides(Sides.Rate(1e-9 * bytes, text.Step), text, memory)
            {
                Peers = [(string.Create(CultureInfo.InvariantCulture, $"read bandwidth; {1e-6 * bytes:F0} MB for a token"), seconds => 1e-9 * InferenceContests.Best(memory, seconds))],
            };
        });

    private static Contest Prefill(string name, XLstmLargeConfig config, WeightFormat format, int length, int threads, Target target) => new(
        $"large/prefill {name} {format}", $"{name} shapes, {Name(format)}, prompt of {length} tokens", threads, "GFLOP/s", target, () =>
        {
            XLstmLanguageModel model = LargeModels.Open(config, format);
            var text = new Text(model, threads);
            (Side peak, IDisposable held) = ProductContests.Peak(threads);
            return new Sides(Sides.Rate(2e-9 * length * LargeModels.WeightsPerToken(model, head: false), () => text.Read(length)), text, held)
            {
                Peers = [("our product 512x2048x512", seconds => 2e-9 * peak(seconds))],
            };
        });

    private static Contest FirstToken(int threads) => new(
        "large/first token", "7B shapes, 4-bit weights, first token after a prompt of 32", threads, "ms", new Target(3, AtLeast: false), () =>
        {
            XLstmLanguageModel model = LargeModels.Open(LargeModels.SevenBillion, WeightFormat.Q4);
            var text = new Text(model, threads);
            double operations = (31.0 * LargeModels.WeightsPerToken(model, head: false)) + LargeModels.WeightsPerToken(model, head: true);
            (Side peak, IDisposable held) = ProductContests.Peak(threads);
            return new Sides(Sides.Milliseconds(() => text.Read(32)), text, held)
            {
                Peers = [(string.Create(CultureInfo.InvariantCulture, $"floor, {2e-9 * operations:F0} GFLOP"), seconds => 1e3 * operations / peak(seconds))],
            };
        });

    private static Contest TokensPerSecond(int threads) => new(
        "large/small decoding", "164M shapes, 8-bit weights, generation", threads, "tokens/s", new Target(60, AtLeast: true, OfRatio: false), () =>
        {
            var text = new Text(LargeModels.Open(LargeModels.Small, WeightFormat.Q8), threads);
            return new Sides(Sides.Rate(1, text.Step), text);
        });

    private static Contest PrefillOverDecoding(int threads) => new(
        "large/small prefill", "164M shapes, 8-bit weights, prompt of 1,024 tokens beside generation", threads, "tokens/s", new Target(10, AtLeast: true), () =>
        {
            XLstmLanguageModel model = LargeModels.Open(LargeModels.Small, WeightFormat.Q8);
            Text prompt = new(model, threads), stream = new(model, threads);
            return new Sides(Sides.Rate(1024, () => prompt.Read(1024)), prompt, stream) { Peers = [("generation", Sides.Rate(1, stream.Step))] };
        });

    // A token costs the same after any number of others: the state has one size.
    private static Contest BesideLlama(int context, int threads, LlamaPeer llama, Target? target) => new(
        $"large/llama decoding {context}", $"as many bytes of 4-bit weights, generation after {context.ToString("N0", CultureInfo.InvariantCulture)} tokens", threads, "tokens/s", target, () =>
        {
            var text = new Text(LargeModels.Open(LargeModels.LikeLlama, WeightFormat.Q4), threads);
            text.Read(Math.Min(context, 2048));
            return new Sides(Sides.Rate(1, text.Step), text) { Peers = llama.Decode(context, threads) };
        });

    private static Contest PromptBesideLlama(int length, int threads, LlamaPeer llama) => new(
        "large/llama prefill", $"as many bytes of 4-bit weights, prompt of {length} tokens", threads, "tokens/s", new Target(1.3, AtLeast: true), () =>
        {
            var text = new Text(LargeModels.Open(LargeModels.LikeLlama, WeightFormat.Q4), threads);
            return new Sides(Sides.Rate(length, () => text.Read(length)), text) { Peers = llama.Prefill(length, threads) };
        });

    private static string Name(WeightFormat format) => format switch
    {
        WeightFormat.Q4 => "4-bit weights",
        WeightFormat.Q8 => "8-bit weights",
        _ => $"weights in {format}",
    };

    private sealed class Text(XLstmLanguageModel model, int threads) : IDisposable
    {
        private readonly Session _session = model.CreateSession(threads);
        private int _token = 1;

        public long StateBytes => _session.StateBytes;

        public Workers Workers => _session.Pass.Workers;

        public void Step()
        {
            ReadOnlySpan<float> logits = _session.Step(_token);
            _token = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(logits);
        }

        public void Read(int length)
        {
            _session.Reset();
            _session.Append(Numbers.Tokens(length, model.VocabSize));
        }

        public void Dispose() => _session.Dispose();
    }
}
