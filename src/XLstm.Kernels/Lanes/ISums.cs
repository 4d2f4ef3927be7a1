namespace XLstm.Kernels;

/// <summary><see cref="Count"/> sums of products: all that a tile of a matrix product asks of a register.</summary>
internal interface ISums<TSelf> where TSelf : struct, ISums<TSelf>
{
    static abstract int Count { get; }

    static abstract TSelf Create(float value);

    static abstract TSelf Load(ref float source, nint offset);

    static abstract void Store(TSelf value, ref float destination, nint offset);

    static abstract TSelf operator +(TSelf a, TSelf b);

    /// <summary>a b + c, fused where the hardware fuses (so the last bit differs between machines, never between threads).</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);
}
