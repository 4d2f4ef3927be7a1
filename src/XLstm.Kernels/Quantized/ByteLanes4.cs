using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace XLstm.Kernels;

/// <summary>4 rows in a <see cref="Vector128{T}"/>, without instructions of any processor.</summary>
internal readonly struct ByteLanes4(Vector128<byte> value) : IByteLanes<ByteLanes4>
{
    private readonly Vector128<byte> _value = value;

    public static int Rows => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 Load(ref byte source, nint offset) => new(Vector128.LoadUnsafe(ref source, (nuint)offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 Broadcast(ref byte source, nint offset) => Broadcast(Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref source, offset)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 Broadcast(int value) => new(Vector128.Create(value).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 LoadShorts(ref byte source, nint offset) =>
        new(Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref source, offset))).AsUInt16()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ByteLanes4 value, ref byte destination, nint offset) => value._value.StoreUnsafe(ref destination, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 operator &(ByteLanes4 a, ByteLanes4 b) => new(a._value & b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 operator <<(ByteLanes4 a, int bits) => new((a._value.AsInt32() << bits).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 operator >>>(ByteLanes4 a, int bits) => new((a._value.AsInt32() >>> bits).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 operator +(ByteLanes4 a, ByteLanes4 b) => new((a._value.AsInt32() + b._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 operator -(ByteLanes4 a, ByteLanes4 b) => new((a._value.AsInt32() - b._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 EvenBytes(ByteLanes4 a) => new((a._value.AsInt16() << 8 >> 8).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 OddBytes(ByteLanes4 a) => new((a._value.AsInt16() >> 8).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 MultiplyBytes(ByteLanes4 unsigned, ByteLanes4 signed)
    {
        Vector128<short> u = unsigned._value.AsInt16(), s = signed._value.AsInt16();
        return new(((u & Vector128.Create((short)0xFF)) * (s << 8 >> 8) + (u >>> 8) * (s >> 8)).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 AddShorts(ByteLanes4 a, ByteLanes4 b) => new((a._value.AsInt16() + b._value.AsInt16()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 MultiplyShorts(ByteLanes4 a, ByteLanes4 b)
    {
        Vector128<int> x = a._value.AsInt32(), y = b._value.AsInt32();
        return new(((x << 16 >> 16) * (y << 16 >> 16) + (x >> 16) * (y >> 16)).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 ToFloats(ByteLanes4 a) => new(Vector128.ConvertToSingle(a._value.AsInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 MultiplyFloats(ByteLanes4 a, ByteLanes4 b) => new((a._value.AsSingle() * b._value.AsSingle()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteLanes4 AddFloats(ByteLanes4 a, ByteLanes4 b) => new((a._value.AsSingle() + b._value.AsSingle()).AsByte());
}
