using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace XLstm.Kernels;

/// <summary>Asks for memory that is wanted soon, where the hardware takes requests; changes no result.</summary>
internal static class Prefetch
{
    // Of 2 to 16 KB: weights of 16 bits come fastest with 5 to 7, by up to a tenth against 4 or 8; floats do not mind.
    private const int StreamAhead = 6144;

    /// <summary>The cache lines of <paramref name="count"/> floats from an offset on, which may lie past the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Ahead(ref float source, nint offset, int count) =>
        Ahead(ref Unsafe.As<float, byte>(ref source), offset * sizeof(float), count * sizeof(float));

    /// <summary>The cache lines of up to 256 bytes, likewise; an offset in bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Ahead(ref byte source, nint offset, int count)
    {
        if (!Sse.IsSupported)
            return;
        // A pointer, not a reference: the collector may move the memory, and then the request is wasted, no more.
        byte* at = (byte*)Unsafe.AsPointer(ref source) + offset;
        Sse.Prefetch0(at);
        if (count > 64)
            Sse.Prefetch0(at + 64);
        if (count > 128)
        {
            Sse.Prefetch0(at + 128);
            Sse.Prefetch0(at + 192);
        }
    }

    /// <summary>
    /// The cache lines of up to 256 bytes of what is read once from end to end, some pages before their turn, into the second
    /// level: in the first they would take the place of what is multiplied with all of it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Stream(ref byte source, nint offset, int count)
    {
        if (!Sse.IsSupported)
            return;
        byte* at = (byte*)Unsafe.AsPointer(ref source) + offset + StreamAhead;
        Sse.Prefetch1(at);
        if (count > 64)
            Sse.Prefetch1(at + 64);
        if (count > 128)
        {
            Sse.Prefetch1(at + 128);
            Sse.Prefetch1(at + 192);
        }
    }
}
