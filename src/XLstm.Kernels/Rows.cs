using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>The few one-row operations that the cells are made of.</summary>
internal static class Rows
{
    public static void Scale<L>(Span<float> x, float factor) where L : struct, ILanes<L> => Scale<L>(x, factor, x);

    public static void Scale<L>(ReadOnlySpan<float> x, float factor, Span<float> result) where L : struct, ILanes<L>
    {
        ref float a = ref MemoryMarshal.GetReference(x);
        ref float r = ref MemoryMarshal.GetReference(result);
        L f = L.Create(factor);
        int i = 0;
        for (; i + L.Count <= x.Length; i += L.Count)
            L.Store(L.Load(ref a, i) * f, ref r, i);
        for (; i < x.Length; i++)
            result[i] = x[i] * factor;
    }

    public static void Add<L>(ReadOnlySpan<float> x, Span<float> destination) where L : struct, ILanes<L>
    {
        ref float a = ref MemoryMarshal.GetReference(x);
        ref float r = ref MemoryMarshal.GetReference(destination);
        int i = 0;
        for (; i + L.Count <= x.Length; i += L.Count)
            L.Store(L.Load(ref a, i) + L.Load(ref r, i), ref r, i);
        for (; i < x.Length; i++)
            destination[i] += x[i];
    }

    /// <summary>destination += factor x.</summary>
    public static void MultiplyAdd<L>(ReadOnlySpan<float> x, float factor, Span<float> destination) where L : struct, ILanes<L>
    {
        ref float a = ref MemoryMarshal.GetReference(x);
        ref float r = ref MemoryMarshal.GetReference(destination);
        L f = L.Create(factor);
        int i = 0;
        for (; i + L.Count <= x.Length; i += L.Count)
            L.Store(L.MultiplyAdd(L.Load(ref a, i), f, L.Load(ref r, i)), ref r, i);
        for (; i < x.Length; i++)
            destination[i] = float.MultiplyAddEstimate(x[i], factor, destination[i]);
    }

    public static float Dot<L>(ReadOnlySpan<float> x, ReadOnlySpan<float> y) where L : struct, ILanes<L>
    {
        ref float a = ref MemoryMarshal.GetReference(x);
        ref float b = ref MemoryMarshal.GetReference(y);
        L sum = L.Create(0f);
        int i = 0;
        for (; i + L.Count <= x.Length; i += L.Count)
            sum = L.MultiplyAdd(L.Load(ref a, i), L.Load(ref b, i), sum);
        float total = L.Sum(sum);
        for (; i < x.Length; i++)
            total += x[i] * y[i];
        return total;
    }

    public static double DotDouble(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
            sum += (double)x[i] * y[i];
        return sum;
    }
}

/// <summary>Cuts a caller's scratch memory into pieces.</summary>
internal ref struct Cutter(Span<float> memory)
{
    private Span<float> _rest = memory;

    public readonly Span<float> Rest => _rest;

    public Span<float> Take(int length)
    {
        Span<float> piece = _rest[..length];
        _rest = _rest[length..];
        return piece;
    }
}
