using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>Numbers as they are stored, read as floats.</summary>
internal interface IStored
{
    /// <summary>Bytes of one.</summary>
    static abstract int Size { get; }

    /// <summary>From number <paramref name="index"/> on.</summary>
    static abstract L Load<L>(ref byte source, nint index) where L : struct, ILanes<L>;
}

/// <summary><see cref="WeightFormat.F32"/>.</summary>
internal readonly struct StoredSingles : IStored
{
    public static int Size => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Load<L>(ref byte source, nint index) where L : struct, ILanes<L> => L.Load(ref Unsafe.As<byte, float>(ref source), index);
}

/// <summary><see cref="WeightFormat.BF16"/>.</summary>
internal readonly struct StoredUpper : IStored
{
    public static int Size => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Load<L>(ref byte source, nint index) where L : struct, ILanes<L> => L.LoadUpper(ref Unsafe.As<byte, ushort>(ref source), index);
}

/// <summary><see cref="WeightFormat.F16"/>.</summary>
internal readonly struct StoredHalves : IStored
{
    public static int Size => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Load<L>(ref byte source, nint index) where L : struct, ILanes<L> => L.LoadHalf(ref Unsafe.As<byte, ushort>(ref source), index);
}
