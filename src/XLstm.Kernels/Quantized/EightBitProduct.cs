using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>Rows of x times one group of <see cref="WeightFormat.Q8"/>.</summary>
internal static class EightBitProduct
{
    // A chunk of the group stays in the first-level cache for all rows of x.
    private const int ChunkBlocks = 16;
    private const int WBytes = QuantizedWeights.HeaderBytes + QuantizedWeights.GroupRows * QuantizedWeights.BlockInputs;
    private const int XBytes = QuantizedRows.BytesForQ8;
    private const int SumBytes = sizeof(float) * QuantizedWeights.GroupRows;
    private const int Quads = QuantizedWeights.BlockInputs / 4;

    /// <summary>sums[m, 16] = x W^T.</summary>
    public static void Multiply<T>(int m, int blocks, ref byte x, ref byte group, ref byte sums) where T : struct, IByteLanes<T>
    {
        nint ldx = (nint)blocks * XBytes;
        for (int b = 0; b < blocks; b += ChunkBlocks)
        {
            int count = Math.Min(ChunkBlocks, blocks - b);
            bool first = b == 0;
            for (int r = 0; r < QuantizedWeights.GroupRows; r += T.Rows)
            {
                ref byte w = ref Unsafe.Add(ref group, (nint)b * WBytes);
                int i = 0;
                for (; i + 8 <= m; i += 8)
                    Rows8<T>(count, r, first, ref Unsafe.Add(ref x, i * ldx + b * XBytes), ldx, ref w, ref Unsafe.Add(ref sums, i * SumBytes + 4 * r));
                for (; i + 4 <= m; i += 4)
                    Rows4<T>(count, r, first, ref Unsafe.Add(ref x, i * ldx + b * XBytes), ldx, ref w, ref Unsafe.Add(ref sums, i * SumBytes + 4 * r));
                if (i + 2 <= m)
                {
                    Rows2<T>(count, r, first, ref Unsafe.Add(ref x, i * ldx + b * XBytes), ldx, ref w, ref Unsafe.Add(ref sums, i * SumBytes + 4 * r));
                    i += 2;
                }
                if (i < m)
                    Rows1<T>(count, r, first, ref Unsafe.Add(ref x, i * ldx + b * XBytes), ref w, ref Unsafe.Add(ref sums, i * SumBytes + 4 * r));
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Rows1<T>(int blocks, int r, bool first, ref byte x, ref byte w, ref byte sums) where T : struct, IByteLanes<T>
    {
        T s = first ? T.Broadcast(0) : T.Load(ref sums, 0);
        for (int b = 0; b < blocks; b++)
        {
            Ask(r, ref w);
            T d0 = T.Broadcast(0);
            for (nint v = 0; v < Quads; v++)
            {
                T c = T.Load(ref w, QuantizedWeights.HeaderBytes + 64 * v + 4 * r), even = T.EvenBytes(c), odd = T.OddBytes(c);
                d0 = Products(d0, even, odd, ref x, 8 * v);
            }
            T scale = Scale<T>(ref w, r);
            s = Add(s, d0, scale, ref x, 0);
            x = ref Unsafe.Add(ref x, XBytes);
            w = ref Unsafe.Add(ref w, WBytes);
        }
        T.Store(s, ref sums, 0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Rows2<T>(int blocks, int r, bool first, ref byte x, nint ldx, ref byte w, ref byte sums) where T : struct, IByteLanes<T>
    {
        T s0 = T.Broadcast(0), s1 = s0;
        if (!first)
        {
            s0 = T.Load(ref sums, 0);
            s1 = T.Load(ref sums, SumBytes);
        }
        for (int b = 0; b < blocks; b++)
        {
            Ask(r, ref w);
            T d0 = T.Broadcast(0), d1 = d0;
            for (nint v = 0; v < Quads; v++)
            {
                T c = T.Load(ref w, QuantizedWeights.HeaderBytes + 64 * v + 4 * r), even = T.EvenBytes(c), odd = T.OddBytes(c);
                d0 = Products(d0, even, odd, ref x, 8 * v);
                d1 = Products(d1, even, odd, ref x, ldx + 8 * v);
            }
            T scale = Scale<T>(ref w, r);
            s0 = Add(s0, d0, scale, ref x, 0);
            s1 = Add(s1, d1, scale, ref x, ldx);
            x = ref Unsafe.Add(ref x, XBytes);
            w = ref Unsafe.Add(ref w, WBytes);
        }
        T.Store(s0, ref sums, 0);
        T.Store(s1, ref sums, SumBytes);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Rows4<T>(int blocks, int r, bool first, ref byte x, nint ldx, ref byte w, ref byte sums) where T : struct, IByteLanes<T>
    {
        T s0 = T.Broadcast(0), s1 = s0, s2 = s0, s3 = s0;
        if (!first)
        {
            s0 = T.Load(ref sums, 0);
            s1 = T.Load(ref sums, SumBytes);
            s2 = T.Load(ref sums, 2 * SumBytes);
            s3 = T.Load(ref sums, 3 * SumBytes);
        }
        for (int b = 0; b < blocks; b++)
        {
            Ask(r, ref w);
            T d0 = T.Broadcast(0), d1 = d0, d2 = d0, d3 = d0;
            for (nint v = 0; v < Quads; v++)
            {
                T c = T.Load(ref w, QuantizedWeights.HeaderBytes + 64 * v + 4 * r), even = T.EvenBytes(c), odd = T.OddBytes(c);
                d0 = Products(d0, even, odd, ref x, 8 * v);
                d1 = Products(d1, even, odd, ref x, ldx + 8 * v);
                d2 = Products(d2, even, odd, ref x, 2 * ldx + 8 * v);
                d3 = Products(d3, even, odd, ref x, 3 * ldx + 8 * v);
            }
            T scale = Scale<T>(ref w, r);
            s0 = Add(s0, d0, scale, ref x, 0);
            s1 = Add(s1, d1, scale, ref x, ldx);
            s2 = Add(s2, d2, scale, ref x, 2 * ldx);
            s3 = Add(s3, d3, scale, ref x, 3 * ldx);
            x = ref Unsafe.Add(ref x, XBytes);
            w = ref Unsafe.Add(ref w, WBytes);
        }
        T.Store(s0, ref sums, 0);
        T.Store(s1, ref sums, SumBytes);
        T.Store(s2, ref sums, 2 * SumBytes);
        T.Store(s3, ref sums, 3 * SumBytes);
    }

    // As many rows as registers hold the sums of; x has the first four of them, y the others.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Rows8<T>(int blocks, int r, bool first, ref byte x, nint ldx, ref byte w, ref byte sums) where T : struct, IByteLanes<T>
    {
        T s0 = T.Broadcast(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
        if (!first)
        {
            s0 = T.Load(ref sums, 0);
            s1 = T.Load(ref sums, SumBytes);
            s2 = T.Load(ref sums, 2 * SumBytes);
            s3 = T.Load(ref sums, 3 * SumBytes);
            s4 = T.Load(ref sums, 4 * SumBytes);
            s5 = T.Load(ref sums, 5 * SumBytes);
            s6 = T.Load(ref sums, 6 * SumBytes);
            s7 = T.Load(ref sums, 7 * SumBytes);
        }
        ref byte y = ref Unsafe.Add(ref x, 4 * ldx);
        for (int b = 0; b < blocks; b++)
        {
            Ask(r, ref w);
            T d0 = T.Broadcast(0), d1 = d0, d2 = d0, d3 = d0, d4 = d0, d5 = d0, d6 = d0, d7 = d0;
            for (nint v = 0; v < Quads; v++)
            {
                T c = T.Load(ref w, QuantizedWeights.HeaderBytes + 64 * v + 4 * r), even = T.EvenBytes(c), odd = T.OddBytes(c);
                d0 = Products(d0, even, odd, ref x, 8 * v);
                d1 = Products(d1, even, odd, ref x, ldx + 8 * v);
                d2 = Products(d2, even, odd, ref x, 2 * ldx + 8 * v);
                d3 = Products(d3, even, odd, ref x, 3 * ldx + 8 * v);
                d4 = Products(d4, even, odd, ref y, 8 * v);
                d5 = Products(d5, even, odd, ref y, ldx + 8 * v);
                d6 = Products(d6, even, odd, ref y, 2 * ldx + 8 * v);
                d7 = Products(d7, even, odd, ref y, 3 * ldx + 8 * v);
            }
            T scale = Scale<T>(ref w, r);
            s0 = Add(s0, d0, scale, ref x, 0);
            s1 = Add(s1, d1, scale, ref x, ldx);
            s2 = Add(s2, d2, scale, ref x, 2 * ldx);
            s3 = Add(s3, d3, scale, ref x, 3 * ldx);
            s4 = Add(s4, d4, scale, ref y, 0);
            s5 = Add(s5, d5, scale, ref y, ldx);
            s6 = Add(s6, d6, scale, ref y, 2 * ldx);
            s7 = Add(s7, d7, scale, ref y, 3 * ldx);
            x = ref Unsafe.Add(ref x, XBytes);
            y = ref Unsafe.Add(ref y, XBytes);
            w = ref Unsafe.Add(ref w, WBytes);
        }
        T.Store(s0, ref sums, 0);
        T.Store(s1, ref sums, SumBytes);
        T.Store(s2, ref sums, 2 * SumBytes);
        T.Store(s3, ref sums, 3 * SumBytes);
        T.Store(s4, ref sums, 4 * SumBytes);
        T.Store(s5, ref sums, 5 * SumBytes);
        T.Store(s6, ref sums, 6 * SumBytes);
        T.Store(s7, ref sums, 7 * SumBytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ask(int r, ref byte w)
    {
        if (r != 0)
            return;
        Prefetch.Stream(ref w, 0, 256);
        Prefetch.Stream(ref w, 256, 256);
        Prefetch.Stream(ref w, 512, WBytes - 512);
    }

    // Four inputs; 32 products of 127 and 32767 fit into an int.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Products<T>(T d, T even, T odd, ref byte x, nint at) where T : struct, IByteLanes<T> =>
        d + (T.MultiplyShorts(even, T.Broadcast(ref x, at)) + T.MultiplyShorts(odd, T.Broadcast(ref x, at + 4)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Scale<T>(ref byte w, int r) where T : struct, IByteLanes<T> => T.LoadShorts(ref w, 2 * r) << 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Add<T>(T s, T d, T scale, ref byte x, nint at) where T : struct, IByteLanes<T> =>
        T.AddFloats(s, T.MultiplyFloats(T.ToFloats(d), T.MultiplyFloats(scale, T.Broadcast(ref x, at + 64))));
}
