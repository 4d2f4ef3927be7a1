namespace XLstm.Kernels;

/// <summary>
/// A register of <see cref="ISums{TSelf}.Count"/> floats. Every kernel body is written once over this interface and runs at widths
/// 1, 4, 8 and 16, so that each width is tested on any machine (the wide ones are emulated where the hardware has none)
/// and the scalar width finishes what a wide loop leaves over.
/// </summary>
internal interface ILanes<TSelf> : ISums<TSelf> where TSelf : struct, ILanes<TSelf>
{
    /// <summary>Upper halves of floats (BF16), the lower ones 0.</summary>
    static abstract TSelf LoadUpper(ref ushort source, nint offset);

    /// <summary>Finite numbers of half precision; what is not finite comes out as a large number.</summary>
    static abstract TSelf LoadHalf(ref ushort source, nint offset);

    static abstract TSelf operator -(TSelf a, TSelf b);

    static abstract TSelf operator *(TSelf a, TSelf b);

    static abstract TSelf operator /(TSelf a, TSelf b);

    static abstract TSelf Max(TSelf a, TSelf b);

    static abstract TSelf Min(TSelf a, TSelf b);

    static abstract TSelf Abs(TSelf a);

    static abstract TSelf Sqrt(TSelf a);

    /// <summary>Nearest integer, ties to even.</summary>
    static abstract TSelf Round(TSelf a);

    /// <summary>2^n for an integral n in [-126, 127].</summary>
    static abstract TSelf PowerOfTwo(TSelf n);

    /// <summary>Lane by lane: a &lt; b ? x : y. A NaN in a or b takes y.</summary>
    static abstract TSelf SelectLess(TSelf a, TSelf b, TSelf x, TSelf y);

    static abstract float Sum(TSelf a);

    static abstract float HorizontalMax(TSelf a);
}
