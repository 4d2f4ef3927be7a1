namespace XLstm.Kernels.Tests;

/// <summary>One sequence of one mLSTM head, run in every form at any lane width, and the same in double precision.</summary>
internal sealed class MLstmCase(int time, int keyWidth, int valueWidth)
{
    public const int Recurrent = 0, Parallel = -1;

    public int T => time;

    public int K => keyWidth;

    public int V => valueWidth;

    public MLstmOptions Options { get; init; } = MLstmOptions.Default;

    /// <summary>Floats between rows beyond their width, the same for q, k and v; the gates stand that many and one apart.</summary>
    public int Gap { get; init; }

    public float[] Q { get; init; } = new float[time * keyWidth];

    public float[] Key { get; init; } = new float[time * keyWidth];

    public float[] Value { get; init; } = new float[time * valueWidth];

    public float[] I { get; init; } = new float[time];

    public float[] F { get; init; } = new float[time];

    /// <summary>Empty without a state; n0 and m0 then are too.</summary>
    public float[] C0 { get; init; } = [];

    public float[] N0 { get; init; } = [];

    public float[] M0 { get; init; } = [];

    /// <summary>The loss is sum(h DH) + sum(C DC) + sum(n DN) + m DM.</summary>
    public float[] DH { get; init; } = new float[time * valueWidth];

    public float[] DC { get; init; } = [];

    public float[] DN { get; init; } = [];

    public float[] DM { get; init; } = [];

    public bool Continues => C0.Length > 0;

    private MLstmShape Shape => new(T, K, V, K + Gap, V + Gap, 1 + Gap);

    public static MLstmCase Random(Random random, int T, int K, int V, MLstmOptions options, bool state, bool dState, int gap = 0, float gateScale = 2f)
    {
        float[] Normal(int count, float scale = 1f) => SLstmCase.Normal(random, count, scale);
        bool exponential = options.InputGate == MLstmInputGate.Exponential;
        return new(T, K, V)
        {
            Options = options,
            Gap = gap,
            Q = Normal(T * K),
            Key = Normal(T * K),
            Value = Normal(T * V),
            I = Normal(T, gateScale),
            F = [.. Normal(T, gateScale).Select(f => f + 2)],
            C0 = state ? Normal(K * V) : [],
            N0 = state ? Normal(K) : [],
            M0 = state ? [exponential ? Normal(1, gateScale)[0] : 0] : [],
            DH = Normal(T * V),
            DC = dState ? Normal(K * V) : [],
            DN = dState ? Normal(K) : [],
            DM = dState && exponential ? Normal(1) : [],
        };
    }

    /// <summary>The steps from <paramref name="start"/>, after the given state and before the given gradients of the state.</summary>
    public MLstmCase Part(int start, int steps, (float[] C, float[] N, float[] M) state, (float[] C, float[] N, float[] M) dState) => new(steps, K, V)
    {
        Options = Options,
        Gap = Gap,
        Q = Q.AsSpan(start * K, steps * K).ToArray(),
        Key = Key.AsSpan(start * K, steps * K).ToArray(),
        Value = Value.AsSpan(start * V, steps * V).ToArray(),
        I = I.AsSpan(start, steps).ToArray(),
        F = F.AsSpan(start, steps).ToArray(),
        DH = DH.AsSpan(start * V, steps * V).ToArray(),
        C0 = state.C,
        N0 = state.N,
        M0 = state.M,
        DC = dState.C,
        DN = dState.N,
        DM = dState.M,
    };

    /// <summary><paramref name="form"/> is <see cref="Recurrent"/>, <see cref="Parallel"/> or a chunk length.</summary>
    public Output Forward(int form, int width)
    {
        MLstmShape shape = Shape;
        Guarded q = Spread(Q, K), k = Spread(Key, K), v = Spread(Value, V), i = Spread(I, 1), f = Spread(F, 1);
        Guarded h = Spread(new float[T * V], V);
        // A fresh state is only written, but for the recurrent form and the cores, which read zeros.
        float before = width != 0 || form == Recurrent ? 0 : float.NaN;
        Guarded C = Continues ? new(C0) : new(K * V, before), n = Continues ? new(N0) : new(K, before), m = Continues ? new(M0) : new(1, before);
        float start = Fresh(form == Parallel);
        int chunk = form == Parallel ? Math.Max(1, T) : form;
        if (form == Recurrent)
        {
            switch (width)
            {
                case 1: MLstmRecurrent.ForwardCore<Lanes1>(shape, Options, q, k, v, i, f, C, n, m, h); break;
                case 4: MLstmRecurrent.ForwardCore<Lanes4>(shape, Options, q, k, v, i, f, C, n, m, h); break;
                case 8: MLstmRecurrent.ForwardCore<Lanes8>(shape, Options, q, k, v, i, f, C, n, m, h); break;
                case 16: MLstmRecurrent.ForwardCore<Lanes16>(shape, Options, q, k, v, i, f, C, n, m, h); break;
                default: MLstmRecurrent.Forward(shape, Options, q, k, v, i, f, C, n, m, h); break;
            }
        }
        else if (T > 0 || width == 0)
        {
            var scratch = new Guarded(form == Parallel ? MLstmParallel.ForwardScratchLength(shape) : MLstmChunkwise.ForwardScratchLength(shape, form), float.NaN);
            switch (width)
            {
                case 1: MLstmChunkwise.ForwardCore<Lanes1>(shape, chunk, Options, q, k, v, i, f, Continues, start, C, n, m, h, scratch); break;
                case 4: MLstmChunkwise.ForwardCore<Lanes4>(shape, chunk, Options, q, k, v, i, f, Continues, start, C, n, m, h, scratch); break;
                case 8: MLstmChunkwise.ForwardCore<Lanes8>(shape, chunk, Options, q, k, v, i, f, Continues, start, C, n, m, h, scratch); break;
                case 16: MLstmChunkwise.ForwardCore<Lanes16>(shape, chunk, Options, q, k, v, i, f, Continues, start, C, n, m, h, scratch); break;
                default:
                    if (form == Parallel)
                        MLstmParallel.Forward(shape, Options, q, k, v, i, f, Continues, C, n, m, h, scratch);
                    else
                        MLstmChunkwise.Forward(shape, chunk, Options, q, k, v, i, f, Continues, C, n, m, h, scratch);
                    break;
            }
            scratch.ToArray();
        }
        return new(Gather(h, V), C.ToArray(), n.ToArray(), m.ToArray());
    }

    /// <summary>Gradients, of the parallel form or in chunks; every gradient starts from <paramref name="before"/>.</summary>
    public Gradients Backward(int form, int width, float[] h, float before = 0, bool accumulate = true)
    {
        MLstmShape shape = Shape;
        Guarded q = Spread(Q, K), k = Spread(Key, K), v = Spread(Value, V), i = Spread(I, 1), f = Spread(F, 1), dh = Spread(DH, V), hh = Spread(h, V);
        Guarded dq = Fill(K), dk = Fill(K), dv = Fill(V), di = Fill(1), df = Fill(1);
        Guarded dC0 = new(Continues ? K * V : 0, before), dn0 = new(Continues ? K : 0, before), dm0 = new(Continues ? 1 : 0, before);
        float start = Fresh(form == Parallel);
        int chunk = form == Parallel ? Math.Max(1, T) : form;
        var scratch = new Guarded(form == Parallel ? MLstmParallel.BackwardScratchLength(shape) : MLstmChunkwise.BackwardScratchLength(shape, chunk), float.NaN);
        switch (width)
        {
            case 1: MLstmChunkwise.BackwardCore<Lanes1>(shape, chunk, Options, q, k, v, i, f, C0, N0, start, hh, dh, DC, DN, DM, dq, dk, dv, di, df, dC0, dn0, dm0, accumulate, scratch); break;
            case 4: MLstmChunkwise.BackwardCore<Lanes4>(shape, chunk, Options, q, k, v, i, f, C0, N0, start, hh, dh, DC, DN, DM, dq, dk, dv, di, df, dC0, dn0, dm0, accumulate, scratch); break;
            case 8: MLstmChunkwise.BackwardCore<Lanes8>(shape, chunk, Options, q, k, v, i, f, C0, N0, start, hh, dh, DC, DN, DM, dq, dk, dv, di, df, dC0, dn0, dm0, accumulate, scratch); break;
            case 16: MLstmChunkwise.BackwardCore<Lanes16>(shape, chunk, Options, q, k, v, i, f, C0, N0, start, hh, dh, DC, DN, DM, dq, dk, dv, di, df, dC0, dn0, dm0, accumulate, scratch); break;
            default:
                if (form == Parallel)
                    MLstmParallel.Backward(shape, Options, q, k, v, i, f, C0, N0, M0, hh, dh, DC, DN, DM, dq, dk, dv, di, df, dC0, dn0, dm0, accumulate, scratch);
                else
                    MLstmChunkwise.Backward(shape, chunk, Options, q, k, v, i, f, C0, N0, M0, hh, dh, DC, DN, DM, dq, dk, dv, di, df, dC0, dn0, dm0, accumulate, scratch);
                break;
        }
        scratch.ToArray();
        return new(Gather(dq, K), Gather(dk, K), Gather(dv, V), Gather(di, 1), Gather(df, 1), dC0.ToArray(), dn0.ToArray(), dm0.ToArray());

        Guarded Fill(int rowWidth)
        {
            var values = new float[T * rowWidth];
            Array.Fill(values, before);
            return Spread(values, rowWidth);
        }
    }

    /// <summary>The reference; a sequence without a state starts from m = 0, or -infinity for the parallel form.</summary>
    public (double[] H, double[] C, double[] N, double M) Reference(DoubleInputs x, bool parallel = false)
    {
        double[] C = [.. x.C], n = [.. x.N], h = new double[T * V];
        double m = Continues ? x.M[0] : Fresh(parallel);
        MLstmReference.Forward<double>(K, V, Options, x.Q, x.Key, x.Value, x.I, x.F, C, n, ref m, h);
        return (h, C, n, m);
    }

    public double Loss(DoubleInputs x, bool parallel)
    {
        (double[] h, double[] C, double[] n, double m) = Reference(x, parallel);
        return Sum(h, DH) + Sum(C, DC) + Sum(n, DN) + (DM.Length > 0 ? m * DM[0] : 0);

        static double Sum(double[] a, float[] b)
        {
            double sum = 0;
            for (int i = 0; i < b.Length; i++)
                sum += a[i] * b[i];
            return sum;
        }
    }

    public DoubleInputs Inputs() => new(
        Widen(Q), Widen(Key), Widen(Value), Widen(I), Widen(F),
        Continues ? Widen(C0) : new double[K * V], Continues ? Widen(N0) : new double[K], Continues ? Widen(M0) : new double[1]);

    /// <summary>
    /// How far float32 may take h[t, b]: the reference run on absolute values, sum_s |S_ts v_s| / N and sum_s |S_ts| / N.
    /// The second is the condition of the normaliser, which cancels where n.q is small.
    /// </summary>
    public (double[] Numerator, double[] Normalizer) Conditions(bool parallel = false)
    {
        DoubleInputs x = Inputs();
        double[] C = [.. x.C.Select(Math.Abs)], aN = [.. x.N.Select(Math.Abs)], n = [.. x.N];
        var numerators = new double[T * V];
        var normalizers = new double[T];
        double before = Fresh(parallel), scale = 1 / Math.Sqrt(K);
        double[] m = Stabilizers(parallel);
        bool exponential = Options.InputGate == MLstmInputGate.Exponential;
        for (int t = 0; t < T; t++)
        {
            double logI = exponential ? x.I[t] : SLstmReference.LogSigmoid(x.I[t]);
            double f = Math.Exp(SLstmReference.LogSigmoid(x.F[t]) + before - m[t]), i = Math.Exp(logI - m[t]) * scale, dot = 0, absolute = 0;
            before = m[t];
            for (int a = 0; a < K; a++)
            {
                n[a] = f * n[a] + i * x.Key[t * K + a];
                aN[a] = f * aN[a] + i * Math.Abs(x.Key[t * K + a]);
                dot += n[a] * x.Q[t * K + a];
                absolute += aN[a] * Math.Abs(x.Q[t * K + a]);
            }
            double normalizer = Options.Normalize ? Math.Max(Math.Abs(dot), Math.Exp(-m[t])) + Options.Epsilon : 1;
            normalizers[t] = Options.Normalize ? absolute / normalizer : 0;
            for (int b = 0; b < V; b++)
            {
                for (int a = 0; a < K; a++)
                {
                    C[a * V + b] = f * C[a * V + b] + i * Math.Abs(x.Key[t * K + a] * x.Value[t * V + b]);
                    numerators[t * V + b] += C[a * V + b] * Math.Abs(x.Q[t * K + a]);
                }
                numerators[t * V + b] /= normalizer;
            }
        }
        return (numerators, normalizers);
    }

    // m before the first step
    private float Fresh(bool parallel) =>
        Continues ? M0[0] : parallel && Options.InputGate == MLstmInputGate.Exponential ? float.NegativeInfinity : 0;

    private double[] Stabilizers(bool parallel)
    {
        var m = new double[T];
        double last = Fresh(parallel);
        for (int t = 0; t < T; t++)
            m[t] = last = Options.InputGate == MLstmInputGate.Sigmoid ? 0 : Math.Max(SLstmReference.LogSigmoid((double)F[t]) + last, I[t]);
        return m;
    }

    private Guarded Spread(float[] rows, int width)
    {
        var spread = new Guarded(T == 0 ? 0 : (T - 1) * (width + Gap) + width, 1234.5f);
        for (int t = 0; t < T; t++)
            rows.AsSpan(t * width, width).CopyTo(spread.Span[(t * (width + Gap))..]);
        return spread;
    }

    private float[] Gather(Guarded spread, int width)
    {
        float[] all = spread.ToArray(), rows = new float[T * width];
        for (int t = 0; t < T; t++)
        {
            all.AsSpan(t * (width + Gap), width).CopyTo(rows.AsSpan(t * width));
            if (t < T - 1)
                Assert.False(all.AsSpan(t * (width + Gap) + width, Gap).ContainsAnyExcept(1234.5f), "Written between rows.");
        }
        return rows;
    }

    private static double[] Widen(float[] values) => [.. values.Select(v => (double)v)];

    internal sealed record Output(float[] H, float[] C, float[] N, float[] M);

    internal sealed record Gradients(float[] Q, float[] Key, float[] Value, float[] I, float[] F, float[] C0, float[] N0, float[] M0);

    internal sealed record DoubleInputs(double[] Q, double[] Key, double[] Value, double[] I, double[] F, double[] C, double[] N, double[] M);
}
