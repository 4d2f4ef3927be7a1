using System.Runtime.InteropServices;
using XLstm.Kernels;
using XLstm.Kernels.Cases;

namespace XLstm.Benchmarks.Comparison;

/// <summary>OpenBLAS, where the machine has it: what a native library reaches, beside which ours is measured.</summary>
internal static unsafe partial class OpenBlas
{
    private const string Library = "libopenblas.so.0";
    private const int RowMajor = 101, NoTranspose = 111, Transpose = 112;

    public static bool IsAvailable { get; } = Load();

    /// <summary>Version and the processor it found, for example "OpenBLAS 0.3.21 Zen".</summary>
    public static string Description =>
        $"{string.Join(' ', (Marshal.PtrToStringUTF8((nint)openblas_get_config()) ?? "OpenBLAS").Split(' ').Take(2))} {Marshal.PtrToStringUTF8((nint)openblas_get_corename())}";

    public static void UseThreads(int threads) => openblas_set_num_threads(threads);

    /// <summary>Product number <paramref name="index"/> of a case whose matrices follow each other.</summary>
    public static void Multiply(ProductCase shape, Span<float> a, Span<float> b, Span<float> c, bool accumulate, int index = 0)
    {
        (int m, int n, int k) = (shape.M, shape.N, shape.K);
        fixed (float* pa = a[(index * m * k)..], pb = b[(index * k * n)..], pc = c[(index * m * n)..])
            cblas_sgemm(
                RowMajor, shape.TransposeA ? Transpose : NoTranspose, shape.TransposeB ? Transpose : NoTranspose, m, n, k,
                1f, pa, shape.Strides.A, pb, shape.Strides.B, accumulate ? 1f : 0f, pc, n);
    }

    /// <summary>
    /// What OPENBLAS_CORETYPE has to be for the fastest kernels that the processor can run, or null where OpenBLAS finds them
    /// by itself. Older versions take new processors of AMD for ones without AVX-512.
    /// </summary>
    public static string? CoreType => Environment.GetEnvironmentVariable(CoreTypeVariable) is null && Simd.Width == 16
        && ThisMachine.Describe().Cpu.Contains("AMD", StringComparison.Ordinal) ? "SKYLAKEX" : null;

    public const string CoreTypeVariable = "OPENBLAS_CORETYPE";

    private static bool Load()
    {
        // Read by the library when it is loaded, from the environment of C.
        if (!OperatingSystem.IsWindows() && CoreType is { } type)
            _ = setenv(CoreTypeVariable, type, 1);
        return NativeLibrary.TryLoad(Library, out _);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    [LibraryImport(Library)]
    private static partial void openblas_set_num_threads(int threads);

    [LibraryImport(Library)]
    private static partial byte* openblas_get_corename();

    [LibraryImport(Library)]
    private static partial byte* openblas_get_config();

    [LibraryImport(Library)]
    private static partial void cblas_sgemm(int order, int transposeA, int transposeB, int m, int n, int k, float alpha, float* a, int lda, float* b, int ldb, float beta, float* c, int ldc);
}
