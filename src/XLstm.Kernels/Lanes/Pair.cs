using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>
/// Two registers side by side: a tile of twice the columns. Fields are set rather than constructed anew, and a broadcast is
/// written once: only so does the compiler keep a tile of them in registers without copies.
/// </summary>
internal struct Pair<L> : ISums<Pair<L>> where L : struct, ISums<L>
{
    private L _low, _high;

    public static int Count => 2 * L.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<L> Create(float value)
    {
        L half = L.Create(value);
        return new Pair<L> { _low = half, _high = half };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<L> Load(ref float source, nint offset) =>
        new() { _low = L.Load(ref source, offset), _high = L.Load(ref source, offset + L.Count) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Pair<L> value, ref float destination, nint offset)
    {
        L.Store(value._low, ref destination, offset);
        L.Store(value._high, ref destination, offset + L.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<L> operator +(Pair<L> a, Pair<L> b) => new() { _low = a._low + b._low, _high = a._high + b._high };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<L> MultiplyAdd(Pair<L> a, Pair<L> b, Pair<L> c)
    {
        c._low = L.MultiplyAdd(a._low, b._low, c._low);
        c._high = L.MultiplyAdd(a._high, b._high, c._high);
        return c;
    }
}
