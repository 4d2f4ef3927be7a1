using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>y = f(x), element by element.</summary>
public static class Activations
{
    /// <summary>y = f(x); <paramref name="y"/> may be <paramref name="x"/>'s own memory.</summary>
    /// <exception cref="ArgumentException">y is shorter than x.</exception>
    public static void Forward(Activation f, ReadOnlySpan<float> x, Span<float> y) => Forward(Simd.Width, f, x, y);

    /// <summary>dx += f'(x) dy. The slope of ReLU at 0 is 0.</summary>
    /// <exception cref="ArgumentException">dy or dx is shorter than x.</exception>
    public static void Backward(Activation f, ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx) =>
        Backward(Simd.Width, f, x, dy, dx);

    internal static void Forward(int lanes, Activation f, ReadOnlySpan<float> x, Span<float> y)
    {
        Check.Length(y, x.Length);
        switch (f)
        {
            case Activation.Gelu: Map.Run(lanes, default(Value<Gelu>), x, y); break;
            case Activation.Relu: Map.Run(lanes, default(Value<Relu>), x, y); break;
            case Activation.ReluSquared: Map.Run(lanes, default(Value<ReluSquared>), x, y); break;
            case Activation.Selu: Map.Run(lanes, default(Value<Selu>), x, y); break;
            case Activation.Swish: Map.Run(lanes, default(Value<Swish>), x, y); break;
            case Activation.Sigmoid: Map.Run(lanes, default(Value<Sigmoid>), x, y); break;
            case Activation.Tanh: Map.Run(lanes, default(Value<Tanh>), x, y); break;
            default: throw Unknown(f);
        }
    }

    internal static void Backward(int lanes, Activation f, ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx)
    {
        Check.Length(dy, x.Length);
        Check.Length(dx, x.Length);
        switch (f)
        {
            case Activation.Gelu: Map.Run(lanes, default(Gradient<Gelu>), x, dy, dx, dx); break;
            case Activation.Relu: Map.Run(lanes, default(Gradient<Relu>), x, dy, dx, dx); break;
            case Activation.ReluSquared: Map.Run(lanes, default(Gradient<ReluSquared>), x, dy, dx, dx); break;
            case Activation.Selu: Map.Run(lanes, default(Gradient<Selu>), x, dy, dx, dx); break;
            case Activation.Swish: Map.Run(lanes, default(Gradient<Swish>), x, dy, dx, dx); break;
            case Activation.Sigmoid: Map.Run(lanes, default(Gradient<Sigmoid>), x, dy, dx, dx); break;
            case Activation.Tanh: Map.Run(lanes, default(Gradient<Tanh>), x, dy, dx, dx); break;
            default: throw Unknown(f);
        }
    }

    internal static ArgumentOutOfRangeException Unknown(Activation f) => new(nameof(f), f, "Not an activation.");

    private readonly struct Value<F> : IMap where F : struct, IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a) where L : struct, ILanes<L> => F.Value(a);
    }

    private readonly struct Gradient<F> : IMap3 where F : struct, IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a, L b, L c) where L : struct, ILanes<L> => L.MultiplyAdd(F.Slope(a, out _), b, c);
    }
}
