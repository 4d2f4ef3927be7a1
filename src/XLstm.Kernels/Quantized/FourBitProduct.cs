using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>Rows of x times one group of <see cref="WeightFormat.Q4"/>.</summary>
internal static class FourBitProduct
{
    // A chunk of the group stays in the first-level cache for all rows of x.
    private const int ChunkBlocks = 32;
    private const int WBytes = QuantizedWeights.HeaderBytes + QuantizedWeights.GroupRows * QuantizedWeights.BlockInputs / 2;
    private const int XBytes = QuantizedRows.BytesForQ4;
    private const int SumBytes = sizeof(float) * QuantizedWeights.GroupRows;

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
            var codes = new Codes<T>(ref w, r);
            s = codes.Add(s, ref x, 0);
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
            var codes = new Codes<T>(ref w, r);
            s0 = codes.Add(s0, ref x, 0);
            s1 = codes.Add(s1, ref x, ldx);
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
            var codes = new Codes<T>(ref w, r);
            s0 = codes.Add(s0, ref x, 0);
            s1 = codes.Add(s1, ref x, ldx);
            s2 = codes.Add(s2, ref x, 2 * ldx);
            s3 = codes.Add(s3, ref x, 3 * ldx);
            x = ref Unsafe.Add(ref x, XBytes);
            w = ref Unsafe.Add(ref w, WBytes);
        }
        T.Store(s0, ref sums, 0);
        T.Store(s1, ref sums, SumBytes);
        T.Store(s2, ref sums, 2 * SumBytes);
        T.Store(s3, ref sums, 3 * SumBytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ask(int r, ref byte w)
    {
        if (r != 0)
            return;
        Prefetch.Stream(ref w, 0, 256);
        Prefetch.Stream(ref w, 256, WBytes - 256);
    }

    /// <summary>A block in registers.</summary>
    private readonly struct Codes<T> where T : struct, IByteLanes<T>
    {
        private readonly T _0, _1, _2, _3, _4, _5, _6, _7, _zero, _quarter;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Codes(ref byte w, int r)
        {
            T nibbles = T.Broadcast(0x0F0F0F0F), header = T.LoadShorts(ref w, 2 * r);
            nint at = QuantizedWeights.HeaderBytes + 4 * r;
            T c = T.Load(ref w, at);
            _0 = c & nibbles;
            _1 = (c >>> 4) & nibbles;
            c = T.Load(ref w, at + 64);
            _2 = c & nibbles;
            _3 = (c >>> 4) & nibbles;
            c = T.Load(ref w, at + 128);
            _4 = c & nibbles;
            _5 = (c >>> 4) & nibbles;
            c = T.Load(ref w, at + 192);
            _6 = c & nibbles;
            _7 = (c >>> 4) & nibbles;
            _zero = header & T.Broadcast((1 << FourBits.ZeroBits) - 1);
            _quarter = (header >>> FourBits.ZeroBits << (23 - FourBits.MantissaBits)) + T.Broadcast(FourBits.QuarterExponent << 23);
        }

        /// <summary>s + (sum of w x over the block). 32 products of 15 and 127 fit into two shorts.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Add(T s, ref byte x, nint at)
        {
            T sum = T.AddShorts(T.MultiplyBytes(_0, T.Broadcast(ref x, at)), T.MultiplyBytes(_1, T.Broadcast(ref x, at + 4)));
            sum = T.AddShorts(sum, T.MultiplyBytes(_2, T.Broadcast(ref x, at + 8)));
            sum = T.AddShorts(sum, T.MultiplyBytes(_3, T.Broadcast(ref x, at + 12)));
            sum = T.AddShorts(sum, T.MultiplyBytes(_4, T.Broadcast(ref x, at + 16)));
            sum = T.AddShorts(sum, T.MultiplyBytes(_5, T.Broadcast(ref x, at + 20)));
            sum = T.AddShorts(sum, T.MultiplyBytes(_6, T.Broadcast(ref x, at + 24)));
            sum = T.AddShorts(sum, T.MultiplyBytes(_7, T.Broadcast(ref x, at + 28)));
            T whole = T.MultiplyShorts(sum, T.Broadcast(0x00040004)) - T.MultiplyShorts(_zero, T.Broadcast(ref x, at + 36));
            return T.AddFloats(s, T.MultiplyFloats(T.ToFloats(whole), T.MultiplyFloats(_quarter, T.Broadcast(ref x, at + 32))));
        }
    }
}
