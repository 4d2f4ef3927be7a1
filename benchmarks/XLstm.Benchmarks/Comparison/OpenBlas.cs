using System.Runtime.InteropServices;
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
    public static void Multiply(ProductCase shape, Span<float> a, Span<float> b, Span<float> c, int index = 0)
    {
        (int m, int n, int k) = (shape.M, shape.N, shape.K);
        fixed (float* pa = a[(index * m * k)..], pb = b[(index * k * n)..], pc = c[(index * m * n)..])
            cblas_sgemm(
                RowMajor, shape.TransposeA ? Transpose : NoTranspose, shape.TransposeB ? Transpose : NoTranspose, m, n, k,
                1f, pa, shape.Strides.A, pb, shape.Strides.B, 0f, pc, n);
    }

    /// <summary>Variables that may hold a library back from what the processor can do: peers run without them.</summary>
    public static IEnumerable<string> Limits => Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(
        name => name.StartsWith("OPENBLAS_", StringComparison.Ordinal) || name.StartsWith("OMP_", StringComparison.Ordinal));

    private static bool Load()
    {
        // The library reads the environment of C when it is loaded.
        if (!OperatingSystem.IsWindows())
            foreach (string name in Limits)
                _ = unsetenv(name);
        return NativeLibrary.TryLoad(Library, out _);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int unsetenv(string name);

    [LibraryImport(Library)]
    private static partial void openblas_set_num_threads(int threads);

    [LibraryImport(Library)]
    private static partial byte* openblas_get_corename();

    [LibraryImport(Library)]
    private static partial byte* openblas_get_config();

    [LibraryImport(Library)]
    private static partial void cblas_sgemm(int order, int transposeA, int transposeB, int m, int n, int k, float alpha, float* a, int lda, float* b, int ldb, float beta, float* c, int ldc);
}
