using System.Globalization;
using System.Text.Json;
using XLstm.Kernels;

namespace XLstm.Benchmarks.Comparison;

/// <summary>The sLSTM layer beside PyTorch's nn.LSTM, the mLSTM beside its causal attention, both as operations of a model.</summary>
internal static class CellContests
{
    private const int Batch = 8, Time = 256, Width = 256, Heads = 4, HeadWidth = 64;
    private static readonly int[] s_attentionLengths = [1024, 2048, 4096, 8192, 16384];
    private static readonly int[] s_lengths = [1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072];

    public static IEnumerable<Contest> All(IReadOnlyList<int> threads, PythonPeers peers)
    {
        int most = threads.Max();
        foreach (int count in threads)
        {
            // The targets are for all cores.
            Target? Asked(double ratio) => count == most ? new Target(ratio, AtLeast: false) : null;

            yield return SLstm(4, count, backward: false, null, peers);
            yield return SLstm(4, count, backward: true, Asked(0.25), peers);
            yield return SLstm(1, count, backward: true, Asked(0.7), peers);
            yield return MLstm(1024, count, backward: false, Asked(1 / 3.0), peers);
            yield return MLstm(4096, count, backward: false, Asked(1 / 15.0), peers);
            yield return MLstm(1024, count, backward: true, null, peers);
            yield return MLstm(4096, count, backward: true, Asked(1 / 10.0), peers);
            yield return UsefulShare(4096, count);
        }
        foreach (int length in s_lengths)
            yield return TimePerToken(length, most, peers);
        yield return Flatness(most);
    }

    private static Contest SLstm(int heads, int threads, bool backward, Target? target, PythonPeers peers) => new(
        $"slstm/{heads} {Kind(backward)} on {threads}", $"sLSTM layer, {heads} head{(heads > 1 ? "s" : "")}, B {Batch} T {Time} D {Width}, {Words(backward)}", threads, "ms", target, () =>
        {
            var config = new SLstmBlockConfig(new SLstmLayerConfig(heads, RecurrentWeightInit: "standard"), null);
            var block = new SLstmBlock(new ParameterSet(1).Root, config, Width);
            Tensor x = Numbers.Tensor(Batch, Time, Width);
            var pass = new Pass(new PassOptions(Record: backward, Threads: threads));
            return new Sides(Sides.Milliseconds(() => Run(pass, backward, x, () => block.Layer(x, null, pass).Output)), pass)
            {
                Peers = peers.For(
                    threads, _ => true, about => $"nn.LSTM, PyTorch {Text(about, "torch")}",
                    new { @case = "lstm", batch = Batch, time = Time, inputs = Width, hidden = Width, backward }, seconds => 1e3 * seconds),
            };
        });

    private static Contest MLstm(int time, int threads, bool backward, Target? target, PythonPeers peers) => new(
        $"mlstm/{Kind(backward)} T {time} on {threads}", $"mLSTM chunkwise, N {Heads} K V {HeadWidth} B 1 T {Count(time)}, {Words(backward)}", threads, "ms", target, () =>
        {
            var cell = new Cell(time, threads, backward);
            return new Sides(Sides.Milliseconds(cell.Run), cell) { Peers = Attention(peers, time, threads, backward, seconds => 1e3 * seconds) };
        });

    private static Contest TimePerToken(int time, int threads, PythonPeers peers) => new(
        $"time per token/T {time}", $"mLSTM forward, time per token at T {Count(time)}", threads, "us", null, () =>
        {
            var cell = new Cell(time, threads, backward: false);
            return new Sides(seconds => 1e6 * Timing.Seconds(cell.Run, seconds) / time, cell)
            {
                Peers = s_attentionLengths.Contains(time) ? Attention(peers, time, threads, backward: false, seconds => 1e6 * seconds / time) : [],
            };
        });

    private static Contest Flatness(int threads) => new(
        "mlstm/flat", "mLSTM forward, time per token at T 131,072 over that at T 1,024", threads, "us", new Target(1.10, AtLeast: false), () =>
        {
            Cell far = new(131072, threads, backward: false), near = new(1024, threads, backward: false);
            return new Sides(seconds => 1e6 * Timing.Seconds(far.Run, seconds) / far.Time, far, near)
            {
                Peers = [("T 1,024", seconds => 1e6 * Timing.Seconds(near.Run, seconds) / near.Time)],
            };
        });

    private static Contest UsefulShare(int time, int threads) => new(
        $"mlstm/useful on {threads}", $"mLSTM forward T {Count(time)}: useful operations", threads, "GFLOP/s", new Target(0.5, AtLeast: true), () =>
        {
            var cell = new Cell(time, threads, backward: false);
            long useful = Heads * OperationCount.MLstm(time, MLstmChunkwise.DefaultChunkLength, HeadWidth, HeadWidth);
            (Side peak, IDisposable held) = ProductContests.Peak(threads);
            return new Sides(Sides.Rate(2e-9 * useful, cell.Run), cell, held) { Peers = [("our product 512x2048x512", seconds => 2e-9 * peak(seconds))] };
        });

    private static List<(string, Side)> Attention(PythonPeers peers, int time, int threads, bool backward, Func<double, double> value) => peers.For(
        threads, about => about.GetProperty("attention").GetBoolean(), about => $"attention, PyTorch {Text(about, "torch")}",
        new { @case = "attention", heads = Heads, time, width = HeadWidth, backward }, value);

    private static void Run(Pass pass, bool backward, Tensor x, Func<Tensor> forward)
    {
        x.RequiresGradient = backward;
        Tensor y = forward();
        if (backward)
            pass.Backward(y);
        pass.Reset();
    }

    private static string Text(JsonElement about, string name) => about.GetProperty(name).GetString()!;

    private static string Kind(bool backward) => backward ? "training" : "forward";

    private static string Words(bool backward) => backward ? "forward and backward" : "forward";

    private static string Count(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private sealed class Cell : IDisposable
    {
        private readonly Pass _pass;
        private readonly bool _backward;
        private readonly Tensor _q, _k, _v, _gates;

        public Cell(int time, int threads, bool backward)
        {
            (Time, _backward) = (time, backward);
            _pass = new Pass(new PassOptions(Record: backward, Threads: threads));
            _q = Numbers.Tensor(1, time, Heads * HeadWidth);
            _k = Numbers.Tensor(1, time, Heads * HeadWidth);
            _v = Numbers.Tensor(1, time, Heads * HeadWidth);
            _gates = Numbers.Tensor(1, time, 2 * Heads);
            // Forget gates as a model begins with them: 3 to 6.
            for (int t = 0; t < time; t++)
                for (int h = 0; h < Heads; h++)
                    _gates.Span[t * 2 * Heads + Heads + h] += 3 + h;
            _k.RequiresGradient = _v.RequiresGradient = _gates.RequiresGradient = backward;
        }

        public int Time { get; }

        public void Run() => CellContests.Run(_pass, _backward, _q, () => Ops.MLstm(_pass, _q, _k, _v, _gates, null, MLstmOptions.Default).H);

        public void Dispose() => _pass.Dispose();
    }
}
