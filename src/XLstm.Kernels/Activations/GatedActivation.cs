using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>
/// y = f(gate) * up, the middle of a gated feed-forward. Rows of gate and up start <c>inputStride</c> floats apart, so
/// that both can lie in the one [rows, 2 width] product that computed them.
/// </summary>
public static class GatedActivation
{
    /// <summary>y [rows, width] = f(gate) * up.</summary>
    /// <param name="f">The activation of the gate.</param>
    /// <param name="rows">Rows of the three matrices.</param>
    /// <param name="width">Columns of the three matrices.</param>
    /// <param name="gate">[rows, width], rows <paramref name="inputStride"/> apart.</param>
    /// <param name="up">[rows, width], rows <paramref name="inputStride"/> apart.</param>
    /// <param name="inputStride">Distance between rows, at least <paramref name="width"/>.</param>
    /// <param name="y">[rows, width], dense.</param>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void Forward(
        Activation f, int rows, int width, ReadOnlySpan<float> gate, ReadOnlySpan<float> up, int inputStride, Span<float> y) =>
        Forward(Simd.Width, f, rows, width, gate, up, inputStride, y);

    /// <summary>dGate += dy * up * f'(gate), dUp += dy * f(gate).</summary>
    /// <param name="f">The activation of the gate.</param>
    /// <param name="rows">Rows of all matrices.</param>
    /// <param name="width">Columns of all matrices.</param>
    /// <param name="gate">As in the forward pass.</param>
    /// <param name="up">As in the forward pass.</param>
    /// <param name="inputStride">Distance between the rows of gate, up and their gradients.</param>
    /// <param name="dy">[rows, width], dense.</param>
    /// <param name="dGate">Like gate, added to; empty if not wanted.</param>
    /// <param name="dUp">Like up, added to; empty if not wanted.</param>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void Backward(
        Activation f, int rows, int width, ReadOnlySpan<float> gate, ReadOnlySpan<float> up, int inputStride,
        ReadOnlySpan<float> dy, Span<float> dGate, Span<float> dUp) =>
        Backward(Simd.Width, f, rows, width, gate, up, inputStride, dy, dGate, dUp);

    internal static void Forward(
        int lanes, Activation f, int rows, int width, ReadOnlySpan<float> gate, ReadOnlySpan<float> up, int inputStride, Span<float> y)
    {
        int length = Extent.Of(rows, width, inputStride);
        Check.Length(gate, length);
        Check.Length(up, length);
        Check.Length(y, Extent.Of(rows, width));
        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<float> g = gate.Slice(r * inputStride, width), u = up.Slice(r * inputStride, width);
            Span<float> row = y.Slice(r * width, width);
            switch (f)
            {
                case Activation.Gelu: Map.Run(lanes, default(Gate<Gelu>), g, u, row); break;
                case Activation.Relu: Map.Run(lanes, default(Gate<Relu>), g, u, row); break;
                case Activation.ReluSquared: Map.Run(lanes, default(Gate<ReluSquared>), g, u, row); break;
                case Activation.Selu: Map.Run(lanes, default(Gate<Selu>), g, u, row); break;
                case Activation.Swish: Map.Run(lanes, default(Gate<Swish>), g, u, row); break;
                case Activation.Sigmoid: Map.Run(lanes, default(Gate<Sigmoid>), g, u, row); break;
                case Activation.Tanh: Map.Run(lanes, default(Gate<Tanh>), g, u, row); break;
                default: throw Activations.Unknown(f);
            }
        }
    }

    internal static void Backward(
        int lanes, Activation f, int rows, int width, ReadOnlySpan<float> gate, ReadOnlySpan<float> up, int inputStride,
        ReadOnlySpan<float> dy, Span<float> dGate, Span<float> dUp)
    {
        int length = Extent.Of(rows, width, inputStride);
        Check.Length(gate, length);
        Check.Length(up, length);
        Check.Length(dy, Extent.Of(rows, width));
        Check.LengthOrEmpty(dGate, length);
        Check.LengthOrEmpty(dUp, length);
        switch (lanes)
        {
            case 16: Backward<Lanes16>(f, rows, width, gate, up, inputStride, dy, dGate, dUp); break;
            case 8: Backward<Lanes8>(f, rows, width, gate, up, inputStride, dy, dGate, dUp); break;
            case 4: Backward<Lanes4>(f, rows, width, gate, up, inputStride, dy, dGate, dUp); break;
            default: Backward<Lanes1>(f, rows, width, gate, up, inputStride, dy, dGate, dUp); break;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Backward<L>(
        Activation f, int rows, int width, ReadOnlySpan<float> gate, ReadOnlySpan<float> up, int inputStride,
        ReadOnlySpan<float> dy, Span<float> dGate, Span<float> dUp)
        where L : struct, ILanes<L>
    {
        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<float> g = gate.Slice(r * inputStride, width), u = up.Slice(r * inputStride, width), d = dy.Slice(r * width, width);
            Span<float> dg = dGate.IsEmpty ? [] : dGate.Slice(r * inputStride, width);
            Span<float> du = dUp.IsEmpty ? [] : dUp.Slice(r * inputStride, width);
            switch (f)
            {
                case Activation.Gelu: BackwardRow<Gelu, L>(g, u, d, dg, du); break;
                case Activation.Relu: BackwardRow<Relu, L>(g, u, d, dg, du); break;
                case Activation.ReluSquared: BackwardRow<ReluSquared, L>(g, u, d, dg, du); break;
                case Activation.Selu: BackwardRow<Selu, L>(g, u, d, dg, du); break;
                case Activation.Swish: BackwardRow<Swish, L>(g, u, d, dg, du); break;
                case Activation.Sigmoid: BackwardRow<Sigmoid, L>(g, u, d, dg, du); break;
                case Activation.Tanh: BackwardRow<Tanh, L>(g, u, d, dg, du); break;
                default: throw Activations.Unknown(f);
            }
        }
    }

    private static void BackwardRow<F, L>(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, ReadOnlySpan<float> dy, Span<float> dGate, Span<float> dUp)
        where F : struct, IActivation where L : struct, ILanes<L>
    {
        int done = BackwardRow<F, L>(0, gate, up, dy, dGate, dUp);
        BackwardRow<F, Lanes1>(done, gate, up, dy, dGate, dUp);
    }

    private static int BackwardRow<F, L>(
        int i, ReadOnlySpan<float> gate, ReadOnlySpan<float> up, ReadOnlySpan<float> dy, Span<float> dGate, Span<float> dUp)
        where F : struct, IActivation where L : struct, ILanes<L>
    {
        ref float pg = ref MemoryMarshal.GetReference(gate), pu = ref MemoryMarshal.GetReference(up), pd = ref MemoryMarshal.GetReference(dy);
        for (; i <= gate.Length - L.Count; i += L.Count)
        {
            L d = L.Load(ref pd, i);
            L slope = F.Slope(L.Load(ref pg, i), out L value);
            Map.Accumulate(d * L.Load(ref pu, i) * slope, dGate, i);
            Map.Accumulate(d * value, dUp, i);
        }

        return i;
    }

    private readonly struct Gate<F> : IMap2 where F : struct, IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a, L b) where L : struct, ILanes<L> => F.Value(a) * b;
    }
}
