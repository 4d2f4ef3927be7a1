using System.Diagnostics;
using XLstm.Kernels;
using XLstm.Training;

namespace XLstm.Cli.Benchmarking;

/// <summary>One thing that a machine does at some speed.</summary>
/// <param name="Key">In JSON.</param>
/// <param name="Title">For people.</param>
/// <param name="Unit">Of the value; more is better.</param>
/// <param name="Prepare">Allocates for a number of threads; what it returns does the work once and says how much that was.</param>
internal sealed record Subject(string Key, string Title, string Unit, Func<int, Work> Prepare)
{
    private const int Batch = 8, Time = 256, Width = 256, Heads = 4, Vocabulary = 256;

    /// <summary>What the command measures, the machine first, then what it is for.</summary>
    /// <param name="memory">Megabytes that the test of the memory reads.</param>
    public static IReadOnlyList<Subject> All(int memory) =>
    [
        new("product", "product 2048 x 512 x 128", "GFLOP/s", Product),
        new("read", "memory, read", "GB/s", threads => Reading(threads, memory)),
        new("slstm", "sLSTM layer, width 256, training", "tokens/s", SLstm),
        new("mlstm", "mLSTM, 4 heads of 64, training", "tokens/s", MLstm),
        new("training", "training, 0.83 M parameters", "tokens/s", Training),
        new("prompt", "reading a prompt, 0.83 M parameters", "tokens/s", Prompt),
        new("generation", "generating, 0.83 M parameters", "tokens/s", Generation),
    ];

    /// <summary>Units of work per second, the median of <paramref name="seconds"/> seconds of work after a third of that to warm up.</summary>
    public double Measure(int threads, double seconds, CancellationToken cancellation)
    {
        using Work work = Prepare(threads);
        Rates(work, seconds / 3, cancellation);
        List<double> rates = Rates(work, seconds, cancellation);
        rates.Sort();
        return rates[rates.Count / 2];
    }

    private static List<double> Rates(Work work, double seconds, CancellationToken cancellation)
    {
        var rates = new List<double>();
        long started = Stopwatch.GetTimestamp();
        do
        {
            cancellation.ThrowIfCancellationRequested();
            long start = Stopwatch.GetTimestamp();
            double amount = work.Do();
            rates.Add(amount / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        while (Stopwatch.GetElapsedTime(started).TotalSeconds < seconds);
        return rates;
    }

    private static Work Product(int threads)
    {
        const int rows = 2048, inputs = 128, outputs = 512;
        var pass = new Pass(new PassOptions(Threads: threads));
        var map = new Linear(new ParameterSet(1).Root, inputs, outputs, bias: false);
        Tensor x = Normal(rows, inputs);
        return new Work(pass, () =>
        {
            map.Forward(x, pass);
            pass.Reset();
            return 2e-9 * rows * inputs * outputs;
        });
    }

    private static Work Reading(int threads, int megabytes)
    {
        var memory = new ReadBandwidth(threads, megabytes);
        return new Work(memory, () =>
        {
            memory.Sweep();
            return megabytes * 1e-9 * (1 << 20);
        });
    }

    private static Work SLstm(int threads)
    {
        var block = new SLstmBlock(new ParameterSet(1).Root, new SLstmBlockConfig(new SLstmLayerConfig(Heads, RecurrentWeightInit: "standard"), null), Width);
        Tensor x = Normal(Batch, Time, Width);
        return Learning(threads, pass => block.Layer(x, null, pass).Output);
    }

    private static Work MLstm(int threads)
    {
        Tensor q = Normal(Batch, Time, Width), k = Normal(Batch, Time, Width), v = Normal(Batch, Time, Width), gates = Normal(Batch, Time, 2 * Heads);
        q.RequiresGradient = k.RequiresGradient = v.RequiresGradient = gates.RequiresGradient = true;
        return Learning(threads, pass => Ops.MLstm(pass, q, k, v, gates, null, MLstmOptions.Default).H);
    }

    private static Work Learning(int threads, Func<Pass, Tensor> forward)
    {
        var pass = new Pass(new PassOptions(Record: true, Threads: threads));
        return new Work(pass, () =>
        {
            pass.Backward(forward(pass));
            pass.Reset();
            return Batch * Time;
        });
    }

    private static Work Training(int threads)
    {
        XLstmLanguageModel model = Model();
        var trainer = new Trainer(model.Parameters, threads: threads);
        int[] tokens = Tokens(Batch * Time);
        return new Work(trainer, () =>
        {
            trainer.Step(pass => Ops.CrossEntropy(pass, model.Forward(tokens, Batch, null, pass).Logits, tokens));
            return tokens.Length;
        });
    }

    private static Work Prompt(int threads)
    {
        Session session = Model().CreateSession(threads);
        int[] tokens = Tokens(2048);
        return new Work(session, () =>
        {
            session.Reset();
            session.Append(tokens);
            return tokens.Length;
        });
    }

    private static Work Generation(int threads)
    {
        Session session = Model().CreateSession(threads);
        var sampler = new Sampler(new SamplingOptions(Seed: 1));
        int token = 1;
        return new Work(session, () =>
        {
            const int count = 32;
            for (int i = 0; i < count; i++)
                token = sampler.Next(session.Step(token));
            return count;
        });
    }

    private static XLstmLanguageModel Model() => new(Preset.Find("paper").Config(Vocabulary), seed: 1);

    private static int[] Tokens(int count)
    {
        var random = new RandomSource(1);
        return [.. Enumerable.Range(0, count).Select(_ => (int)random.NextInteger(Vocabulary))];
    }

    private static Tensor Normal(int a, int b, int c = 1)
    {
        var tensor = new Tensor(c == 1 ? new Shape(a, b) : new Shape(a, b, c));
        var random = new RandomSource((ulong)tensor.Length);
        foreach (ref float value in tensor.Span)
            value = (float)random.NextNormal();
        return tensor;
    }
}

/// <summary>Something to do again and again, and what it holds meanwhile.</summary>
internal sealed class Work(IDisposable held, Func<double> act) : IDisposable
{
    /// <summary>Works once; returns how much that was, in the unit of its subject times a second.</summary>
    public double Do() => act();

    public void Dispose() => held.Dispose();
}
