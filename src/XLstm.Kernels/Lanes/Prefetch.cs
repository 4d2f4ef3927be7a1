using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace XLstm.Kernels;

/// <summary>Asks for memory that is wanted soon, where the hardware takes requests; changes no result.</summary>
internal static class Prefetch
{
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
}
