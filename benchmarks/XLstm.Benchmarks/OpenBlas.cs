using System.Runtime.InteropServices;

namespace XLstm.Benchmarks;

/// <summary>OpenBLAS, where the machine has it: what a native library reaches, beside which ours is measured.</summary>
internal static unsafe partial class OpenBlas
{
    private const int RowMajor = 101;
    private const int NoTranspose = 111;
    private const int Transpose = 112;

    public static bool IsAvailable { get; } = NativeLibrary.TryLoad("libopenblas.so.0", out _);

    [LibraryImport("libopenblas.so.0")]
    private static partial void openblas_set_num_threads(int threads);

    [LibraryImport("libopenblas.so.0")]
    private static partial byte* openblas_get_corename();

    [LibraryImport("libopenblas.so.0")]
    private static partial void cblas_sgemm(int order, int transposeA, int transposeB, int m, int n, int k, float alpha, float* a, int lda, float* b, int ldb, float beta, float* c, int ldc);

    public static string UseOneThread()
    {
        openblas_set_num_threads(1);
        return Marshal.PtrToStringUTF8((nint)openblas_get_corename()) ?? "";
    }

    public static void Multiply(bool transposeA, bool transposeB, int m, int n, int k, float[] a, int lda, float[] b, int ldb, float[] c, int ldc)
    {
        fixed (float* pa = a, pb = b, pc = c)
            cblas_sgemm(RowMajor, transposeA ? Transpose : NoTranspose, transposeB ? Transpose : NoTranspose, m, n, k, 1f, pa, lda, pb, ldb, 0f, pc, ldc);
    }
}
