using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace XLstm.Kernels;

/// <summary>16 rows in a <see cref="Vector512{T}"/>.</summary>
internal readonly struct ByteLanes16(Vector512<byte> value) : IByteLanes<ByteLanes16>
{
    private readonly Vector512<byte> _value = value;

    public static int Rows => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 Load(ref byte source, nint offset) => new(Vector512.LoadUnsafe(ref source, (nuint)offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 Broadcast(ref byte source, nint offset) => Broadcast(Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref source, offset)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 Broadcast(int value) => new(Vector512.Create(value).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 LoadShorts(ref byte source, nint offset) =>
        new(Vector512.WidenLower(Vector256.LoadUnsafe(ref source, (nuint)offset).AsUInt16().ToVector512Unsafe()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ByteLanes16 value, ref byte destination, nint offset) => value._value.StoreUnsafe(ref destination, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 operator &(ByteLanes16 a, ByteLanes16 b) => new(a._value & b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 operator <<(ByteLanes16 a, int bits) => new((a._value.AsInt32() << bits).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 operator >>>(ByteLanes16 a, int bits) => new((a._value.AsInt32() >>> bits).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 operator +(ByteLanes16 a, ByteLanes16 b) => new((a._value.AsInt32() + b._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 operator -(ByteLanes16 a, ByteLanes16 b) => new((a._value.AsInt32() - b._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 EvenBytes(ByteLanes16 a) => new((a._value.AsInt16() << 8 >> 8).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 OddBytes(ByteLanes16 a) => new((a._value.AsInt16() >> 8).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 MultiplyBytes(ByteLanes16 unsigned, ByteLanes16 signed)
    {
        if (Avx512BW.IsSupported)
            return new(Avx512BW.MultiplyAddAdjacent(unsigned._value, signed._value.AsSByte()).AsByte());
        Vector512<short> u = unsigned._value.AsInt16(), s = signed._value.AsInt16();
        return new(((u & Vector512.Create((short)0xFF)) * (s << 8 >> 8) + (u >>> 8) * (s >> 8)).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 AddShorts(ByteLanes16 a, ByteLanes16 b) => new((a._value.AsInt16() + b._value.AsInt16()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 MultiplyShorts(ByteLanes16 a, ByteLanes16 b)
    {
        if (Avx512BW.IsSupported)
            return new(Avx512BW.MultiplyAddAdjacent(a._value.AsInt16(), b._value.AsInt16()).AsByte());
        Vector512<int> x = a._value.AsInt32(), y = b._value.AsInt32();
        return new(((x << 16 >> 16) * (y << 16 >> 16) + (x >> 16) * (y >> 16)).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 ToFloats(ByteLanes16 a) => new(Vector512.ConvertToSingle(a._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 MultiplyFloats(ByteLanes16 a, ByteLanes16 b) => new((a._value.AsSingle() * b._value.AsSingle()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes16 AddFloats(ByteLanes16 a, ByteLanes16 b) => new((a._value.AsSingle() + b._value.AsSingle()).AsByte());
}
