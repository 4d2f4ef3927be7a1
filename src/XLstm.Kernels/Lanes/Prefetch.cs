using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace XLstm.Kernels;

/// <summary>Asks for memory that is wanted soon, where the hardware takes requests; changes no result.</summary>
internal static class Prefetch
{
    /// <summary>The cache lines of <paramref name="count"/> floats from an offset on, which may lie past the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Ahead(ref float source, nint offset, int count)
    {
        if (!Sse.IsSupported)
            return;
        // A pointer, not a reference: the collector may move the memory, and then the request is wasted, no more.
        float* at = (float*)Unsafe.AsPointer(ref source) + offset;
        Sse.Prefetch0(at);
        if (count > 16)
            Sse.Prefetch0(at + 16);
        if (count > 32)
        {
            Sse.Prefetch0(at + 32);
            Sse.Prefetch0(at + 48);
        }
    }

    /// <summary>As many cache lines as <paramref name="count"/> bytes need, 4 KB from here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Bytes(ref byte source, int count)
    {
        if (!Sse.IsSupported)
            return;
        byte* at = (byte*)Unsafe.AsPointer(ref source) + 4096;
        for (int i = 0; i < count; i += 64)
            Sse.Prefetch0(at + i);
    }
}
