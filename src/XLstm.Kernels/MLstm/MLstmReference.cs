using System.Numerics;

namespace XLstm.Kernels;

/// <summary>
/// The paper's recurrent mLSTM (arXiv 2405.04517, section 2.3), one line each, for one sequence of one head, in any
/// precision: what every form is tested against.
/// </summary>
public static class MLstmReference
{
    /// <summary>Runs one sequence; q, k [T, K], v, h [T, V], gates [T], state C [K, V], n [K], m [1] updated in place.</summary>
    public static void Forward<TFloat>(
        int K, int V, MLstmOptions options, ReadOnlySpan<TFloat> q, ReadOnlySpan<TFloat> k, ReadOnlySpan<TFloat> v,
        ReadOnlySpan<TFloat> inputGate, ReadOnlySpan<TFloat> forgetGate,
        Span<TFloat> C, Span<TFloat> n, ref TFloat m, Span<TFloat> h)
        where TFloat : unmanaged, IBinaryFloatingPointIeee754<TFloat>
    {
        TFloat scale = TFloat.One / TFloat.Sqrt(TFloat.CreateChecked(K));
        TFloat epsilon = TFloat.CreateChecked(options.Epsilon);
        bool exponential = options.InputGate == MLstmInputGate.Exponential;
        for (int t = 0; t < inputGate.Length; t++)
        {
            TFloat logF = SLstmReference.LogSigmoid(forgetGate[t]);
            TFloat logI = exponential ? inputGate[t] : SLstmReference.LogSigmoid(inputGate[t]);
            TFloat mNew = exponential ? TFloat.Max(logF + m, logI) : TFloat.Zero;
            TFloat f = TFloat.Exp(logF + m - mNew), i = TFloat.Exp(logI - mNew);
            TFloat dot = TFloat.Zero;
            for (int a = 0; a < K; a++)
            {
                n[a] = f * n[a] + i * k[t * K + a] * scale;
                dot += n[a] * q[t * K + a];
            }
            TFloat normalizer = options.Normalize ? TFloat.Max(TFloat.Abs(dot), TFloat.Exp(-mNew)) + epsilon : TFloat.One;
            for (int b = 0; b < V; b++)
            {
                TFloat sum = TFloat.Zero;
                for (int a = 0; a < K; a++)
                {
                    C[a * V + b] = f * C[a * V + b] + i * k[t * K + a] * scale * v[t * V + b];
                    sum += C[a * V + b] * q[t * K + a];
                }
                h[t * V + b] = sum / normalizer;
            }
            m = mNew;
        }
    }
}
