namespace XLstm.Kernels;

/// <summary>
/// <see cref="Rows"/> rows of W side by side, 32 bits of each: four bytes, two shorts, an int or a float. Everything but floats
/// is exact, and floats are multiplied and added one by one, never fused: so every implementation gives the same bits.
/// </summary>
internal interface IByteLanes<TSelf> where TSelf : struct, IByteLanes<TSelf>
{
    /// <summary>16, 8 or 4: a divisor of <see cref="QuantizedWeights.GroupRows"/>.</summary>
    static abstract int Rows { get; }

    static abstract TSelf Load(ref byte source, nint offset);

    /// <summary>The same 32 bits in every row.</summary>
    static abstract TSelf Broadcast(ref byte source, nint offset);

    static abstract TSelf Broadcast(int value);

    /// <summary>An unsigned short of each row, as an int.</summary>
    static abstract TSelf LoadShorts(ref byte source, nint offset);

    static abstract void Store(TSelf value, ref byte destination, nint offset);

    static abstract TSelf operator &(TSelf a, TSelf b);

    /// <summary>Ints, shifted left.</summary>
    static abstract TSelf operator <<(TSelf a, int bits);

    /// <summary>Ints, shifted right with zeros.</summary>
    static abstract TSelf operator >>>(TSelf a, int bits);

    /// <summary>Ints.</summary>
    static abstract TSelf operator +(TSelf a, TSelf b);

    /// <summary>Ints.</summary>
    static abstract TSelf operator -(TSelf a, TSelf b);

    /// <summary>Bytes 0 and 2 of each row as signed shorts.</summary>
    static abstract TSelf EvenBytes(TSelf a);

    /// <summary>Bytes 1 and 3 of each row as signed shorts.</summary>
    static abstract TSelf OddBytes(TSelf a);

    /// <summary>Two shorts for each row: u0 s0 + u1 s1 and u2 s2 + u3 s3 of unsigned and signed bytes, which have to fit.</summary>
    static abstract TSelf MultiplyBytes(TSelf unsigned, TSelf signed);

    /// <summary>Shorts.</summary>
    static abstract TSelf AddShorts(TSelf a, TSelf b);

    /// <summary>An int for each row: a0 b0 + a1 b1 of signed shorts.</summary>
    static abstract TSelf MultiplyShorts(TSelf a, TSelf b);

    /// <summary>Ints as the nearest floats.</summary>
    static abstract TSelf ToFloats(TSelf a);

    static abstract TSelf MultiplyFloats(TSelf a, TSelf b);

    static abstract TSelf AddFloats(TSelf a, TSelf b);
}
