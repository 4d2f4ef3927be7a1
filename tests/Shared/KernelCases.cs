using System.Globalization;

namespace XLstm.Kernels.Cases;

/// <summary>c [M, N] = a b, or of their transposes, <see cref="Count"/> times over matrices of their own.</summary>
internal sealed record ProductCase(int M, int N, int K, bool TransposeA = false, bool TransposeB = false, int Count = 1)
{
    /// <summary>Multiplications, of which each has an addition.</summary>
    public long MultiplyAdds => (long)M * N * K * Count;

    /// <summary>Floats in a row of a, and of b.</summary>
    public (int A, int B) Strides => (TransposeA ? M : K, TransposeB ? K : N);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{M}x{N}x{K}{(TransposeA ? " a'" : "")}{(TransposeB ? " b'" : "")}{(Count > 1 ? $" {Count} times" : "")}");
}

/// <summary>One head of an mLSTM over T steps.</summary>
internal sealed record MLstmSize(int T, int K, int V, int Chunk = MLstmChunkwise.DefaultChunkLength)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"T {T} K {K} V {V} chunk {Chunk}");
}

/// <summary>A scan of B rows over T steps.</summary>
internal sealed record SLstmSize(int B, int T, int Heads, int HeadWidth)
{
    public SLstmShape Shape => new(B, T, Heads, HeadWidth);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"B {B} T {T} heads {Heads} of {HeadWidth}");
}

/// <summary>Rows of a matrix with a weight in blocks, one for each head.</summary>
internal sealed record BlockSize(int Rows, int Heads, int Width)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Rows} rows {Heads} blocks of {Width}");
}

/// <summary>Rows of a width: norms, losses, activations; with a kernel size, a convolution over time.</summary>
internal sealed record RowSize(int Rows, int Width, int KernelSize = 0)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Rows} rows of {Width}{(KernelSize > 0 ? $" kernel {KernelSize}" : "")}");
}

/// <summary>The shapes that models use: those on which kernels are tested are those on which they are timed.</summary>
internal static class KernelCases
{
    public static IReadOnlyList<ProductCase> Products { get; } =
    [
        // x W^T forward, dy W backward, dy^T x for the weight: the example of the paper's package, and a model of width 384.
        new(2048, 512, 128, TransposeB: true), new(2048, 128, 256, TransposeB: true), new(2048, 1024, 384, TransposeB: true),
        new(2048, 512, 128), new(2048, 128, 256), new(2048, 1024, 384), new(512, 2048, 512),
        new(512, 128, 2048, TransposeA: true), new(128, 256, 2048, TransposeA: true), new(1024, 384, 2048, TransposeA: true),
        // Within a chunk of an mLSTM.
        new(64, 64, 64, Count: 64), new(64, 64, 64, TransposeB: true, Count: 64), new(64, 64, 64, TransposeA: true, Count: 64),
    ];

    public static IReadOnlyList<MLstmSize> MLstm { get; } = [new(256, 64, 64), new(1024, 64, 64), new(1000, 64, 64, Chunk: 128), new(512, 128, 128), new(300, 32, 64, Chunk: 32)];

    public static IReadOnlyList<SLstmSize> SLstm { get; } = [new(8, 256, 4, 32), new(8, 256, 4, 64), new(8, 64, 1, 256), new(1, 256, 4, 32)];

    public static IReadOnlyList<BlockSize> Blocks { get; } = [new(2048, 64, 4), new(2048, 4, 32), new(2048, 4, 64), new(1, 64, 4), new(1, 4, 128)];

    public static IReadOnlyList<RowSize> Convolutions { get; } = [new(256, 256, 4), new(256, 128, 4), new(1, 256, 4)];

    public static IReadOnlyList<RowSize> Norms { get; } = [new(2048, 128), new(2048, 384), new(1, 1024)];

    public static IReadOnlyList<RowSize> Losses { get; } = [new(2048, 256), new(256, 50257)];

    public static IReadOnlyList<RowSize> Activations { get; } = [new(2048, 256), new(2048, 192)];
}
