using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>A function of one value, for <see cref="Map"/>.</summary>
internal interface IMap
{
    L Apply<L>(L a) where L : struct, ILanes<L>;
}

/// <summary>A function of two values, for <see cref="Map"/>.</summary>
internal interface IMap2
{
    L Apply<L>(L a, L b) where L : struct, ILanes<L>;
}

/// <summary>A function of three values, for <see cref="Map"/>.</summary>
internal interface IMap3
{
    L Apply<L>(L a, L b, L c) where L : struct, ILanes<L>;
}

/// <summary>
/// The element-wise loops, written once for all functions and widths. The inputs are at least as long as the first one;
/// the result may be any input's own memory.
/// </summary>
internal static class Map
{
    public static void Run<F>(int lanes, F f, ReadOnlySpan<float> a, Span<float> result) where F : struct, IMap
    {
        switch (lanes)
        {
            case 16: Run<F, Lanes16>(f, a, result); break;
            case 8: Run<F, Lanes8>(f, a, result); break;
            case 4: Run<F, Lanes4>(f, a, result); break;
            default: Run<F, Lanes1>(f, a, result); break;
        }
    }

    public static void Run<F>(int lanes, F f, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> result) where F : struct, IMap2
    {
        switch (lanes)
        {
            case 16: Run<F, Lanes16>(f, a, b, result); break;
            case 8: Run<F, Lanes8>(f, a, b, result); break;
            case 4: Run<F, Lanes4>(f, a, b, result); break;
            default: Run<F, Lanes1>(f, a, b, result); break;
        }
    }

    public static void Run<F>(int lanes, F f, ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, Span<float> result)
        where F : struct, IMap3
    {
        switch (lanes)
        {
            case 16: Run<F, Lanes16>(f, a, b, c, result); break;
            case 8: Run<F, Lanes8>(f, a, b, c, result); break;
            case 4: Run<F, Lanes4>(f, a, b, c, result); break;
            default: Run<F, Lanes1>(f, a, b, c, result); break;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Run<F, L>(F f, ReadOnlySpan<float> a, Span<float> result) where F : struct, IMap where L : struct, ILanes<L>
    {
        ref float pa = ref MemoryMarshal.GetReference(a), pr = ref MemoryMarshal.GetReference(result);
        int i = 0;
        for (; i <= a.Length - L.Count; i += L.Count)
            L.Store(f.Apply(L.Load(ref pa, i)), ref pr, i);
        for (; i < a.Length; i++)
            Lanes1.Store(f.Apply(Lanes1.Load(ref pa, i)), ref pr, i);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Run<F, L>(F f, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> result)
        where F : struct, IMap2 where L : struct, ILanes<L>
    {
        ref float pa = ref MemoryMarshal.GetReference(a), pb = ref MemoryMarshal.GetReference(b), pr = ref MemoryMarshal.GetReference(result);
        int i = 0;
        for (; i <= a.Length - L.Count; i += L.Count)
            L.Store(f.Apply(L.Load(ref pa, i), L.Load(ref pb, i)), ref pr, i);
        for (; i < a.Length; i++)
            Lanes1.Store(f.Apply(Lanes1.Load(ref pa, i), Lanes1.Load(ref pb, i)), ref pr, i);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Run<F, L>(F f, ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, Span<float> result)
        where F : struct, IMap3 where L : struct, ILanes<L>
    {
        ref float pa = ref MemoryMarshal.GetReference(a), pb = ref MemoryMarshal.GetReference(b);
        ref float pc = ref MemoryMarshal.GetReference(c), pr = ref MemoryMarshal.GetReference(result);
        int i = 0;
        for (; i <= a.Length - L.Count; i += L.Count)
            L.Store(f.Apply(L.Load(ref pa, i), L.Load(ref pb, i), L.Load(ref pc, i)), ref pr, i);
        for (; i < a.Length; i++)
            Lanes1.Store(f.Apply(Lanes1.Load(ref pa, i), Lanes1.Load(ref pb, i), Lanes1.Load(ref pc, i)), ref pr, i);
    }

    /// <summary>The sum of f over all elements, in four partial sums so that additions overlap.</summary>
    public static float Sum<F, L>(F f, ReadOnlySpan<float> a) where F : struct, IMap where L : struct, ILanes<L>
    {
        ref float pa = ref MemoryMarshal.GetReference(a);
        L s0 = L.Create(0f), s1 = s0, s2 = s0, s3 = s0;
        int i = 0;
        for (; i <= a.Length - 4 * L.Count; i += 4 * L.Count)
        {
            s0 += f.Apply(L.Load(ref pa, i));
            s1 += f.Apply(L.Load(ref pa, i + L.Count));
            s2 += f.Apply(L.Load(ref pa, i + 2 * L.Count));
            s3 += f.Apply(L.Load(ref pa, i + 3 * L.Count));
        }

        for (; i <= a.Length - L.Count; i += L.Count)
            s0 += f.Apply(L.Load(ref pa, i));
        Lanes1 rest = Lanes1.Create(0f);
        for (; i < a.Length; i++)
            rest += f.Apply(Lanes1.Load(ref pa, i));
        return L.Sum((s0 + s1) + (s2 + s3)) + Lanes1.Sum(rest);
    }

    /// <summary>The largest element, -infinity for none; a NaN wins.</summary>
    public static float Max<L>(ReadOnlySpan<float> a) where L : struct, ILanes<L>
    {
        ref float pa = ref MemoryMarshal.GetReference(a);
        L max = L.Create(float.NegativeInfinity);
        int i = 0;
        for (; i <= a.Length - L.Count; i += L.Count)
            max = L.Max(max, L.Load(ref pa, i));
        float result = L.HorizontalMax(max);
        for (; i < a.Length; i++)
            result = MathF.Max(result, a[i]);
        return result;
    }

    /// <summary>destination[offset..] += value, unless the destination is empty: a gradient that is not wanted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate<L>(L value, Span<float> destination, int offset) where L : struct, ILanes<L>
    {
        if (destination.IsEmpty)
            return;
        ref float pd = ref MemoryMarshal.GetReference(destination);
        L.Store(L.Load(ref pd, offset) + value, ref pd, offset);
    }
}

/// <summary>a b + c.</summary>
internal readonly struct ProductSum : IMap3
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public L Apply<L>(L a, L b, L c) where L : struct, ILanes<L> => L.MultiplyAdd(a, b, c);
}

/// <summary>a.</summary>
internal readonly struct Identity : IMap
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public L Apply<L>(L a) where L : struct, ILanes<L> => a;
}
