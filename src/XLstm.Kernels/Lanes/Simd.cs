using System.Runtime.Intrinsics;

namespace XLstm.Kernels;

/// <summary>The instruction set the kernels run on.</summary>
public static class Simd
{
    /// <summary>Floats in the widest register that the hardware has: 16, 8 or 4.</summary>
    public static int Width => Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : 4;

    /// <summary>A short description for humans, for example "AVX-512 (16 lanes)".</summary>
    public static string Description => Width switch
    {
        16 => "AVX-512 (16 lanes)",
        8 => System.Runtime.Intrinsics.X86.Fma.IsSupported ? "AVX2 + FMA (8 lanes)" : "AVX2 (8 lanes)",
        _ => System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported ? "NEON (4 lanes)"
            : System.Runtime.Intrinsics.X86.Sse.IsSupported ? "SSE (4 lanes; without AVX2 this is many times slower)"
            : "no vector instructions (slow)",
    };
}
