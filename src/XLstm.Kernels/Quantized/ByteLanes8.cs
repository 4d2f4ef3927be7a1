using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace XLstm.Kernels;

/// <summary>8 rows in a <see cref="Vector256{T}"/>.</summary>
internal readonly struct ByteLanes8(Vector256<byte> value) : IByteLanes<ByteLanes8>
{
    private readonly Vector256<byte> _value = value;

    public static int Rows => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 Load(ref byte source, nint offset) => new(Vector256.LoadUnsafe(ref source, (nuint)offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 Broadcast(ref byte source, nint offset) => Broadcast(Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref source, offset)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 Broadcast(int value) => new(Vector256.Create(value).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 LoadShorts(ref byte source, nint offset) =>
        new(Vector256.WidenLower(Vector128.LoadUnsafe(ref source, (nuint)offset).AsUInt16().ToVector256Unsafe()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ByteLanes8 value, ref byte destination, nint offset) => value._value.StoreUnsafe(ref destination, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 operator &(ByteLanes8 a, ByteLanes8 b) => new(a._value & b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 operator <<(ByteLanes8 a, int bits) => new((a._value.AsInt32() << bits).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 operator >>>(ByteLanes8 a, int bits) => new((a._value.AsInt32() >>> bits).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 operator +(ByteLanes8 a, ByteLanes8 b) => new((a._value.AsInt32() + b._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 operator -(ByteLanes8 a, ByteLanes8 b) => new((a._value.AsInt32() - b._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 EvenBytes(ByteLanes8 a) => new((a._value.AsInt16() << 8 >> 8).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 OddBytes(ByteLanes8 a) => new((a._value.AsInt16() >> 8).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 MultiplyBytes(ByteLanes8 unsigned, ByteLanes8 signed)
    {
        if (Avx2.IsSupported)
            return new(Avx2.MultiplyAddAdjacent(unsigned._value, signed._value.AsSByte()).AsByte());
        Vector256<short> u = unsigned._value.AsInt16(), s = signed._value.AsInt16();
        return new(((u & Vector256.Create((short)0xFF)) * (s << 8 >> 8) + (u >>> 8) * (s >> 8)).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 AddShorts(ByteLanes8 a, ByteLanes8 b) => new((a._value.AsInt16() + b._value.AsInt16()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 MultiplyShorts(ByteLanes8 a, ByteLanes8 b)
    {
        if (Avx2.IsSupported)
            return new(Avx2.MultiplyAddAdjacent(a._value.AsInt16(), b._value.AsInt16()).AsByte());
        Vector256<int> x = a._value.AsInt32(), y = b._value.AsInt32();
        return new(((x << 16 >> 16) * (y << 16 >> 16) + (x >> 16) * (y >> 16)).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 ToFloats(ByteLanes8 a) => new(Vector256.ConvertToSingle(a._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 MultiplyFloats(ByteLanes8 a, ByteLanes8 b) => new((a._value.AsSingle() * b._value.AsSingle()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes8 AddFloats(ByteLanes8 a, ByteLanes8 b) => new((a._value.AsSingle() + b._value.AsSingle()).AsByte());
}
