using XLstm.Kernels;

namespace XLstm;

/// <summary>Element types of tensors in files.</summary>
public enum DType
{
    F64,
    F32,
    F16,
    BF16,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,

    /// <summary>A matrix in 8-bit blocks (<see cref="QuantizedWeights"/>), stored as U8.</summary>
    Q8,

    /// <summary>A matrix in 4-bit blocks (<see cref="QuantizedWeights"/>), stored as U8.</summary>
    Q4,
}

/// <summary>What a file says of one tensor.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="DType">Element type in the file.</param>
/// <param name="Shape">Sizes, outermost first; empty for a single number.</param>
/// <param name="File">The file that holds it.</param>
public sealed record TensorInfo(string Name, DType DType, IReadOnlyList<long> Shape, string File)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>Bytes in the file.</summary>
    public long ByteLength => DTypes.Blocks(DType) is { } format ? QuantizedWeights.ByteLength(format, (int)Shape[0], (int)Shape[1]) : Count * DTypes.Size(DType);

    /// <summary>One line, for listings: <c>name F32 [2, 3]</c>.</summary>
    public override string ToString() => $"{Name} {DType} [{string.Join(", ", Shape)}]";
}

internal static class DTypes
{
    /// <summary>The types that a file may give a tensor by themselves.</summary>
    internal static IEnumerable<DType> Plain => Enum.GetValues<DType>().Where(type => Blocks(type) is null);

    /// <summary>The format of matrices that are stored in blocks, or null.</summary>
    internal static WeightFormat? Blocks(DType type) => type switch
    {
        DType.Q8 => WeightFormat.Q8,
        DType.Q4 => WeightFormat.Q4,
        _ => null,
    };

    internal static int Size(DType type) => type switch
    {
        DType.F64 or DType.I64 => 8,
        DType.F32 or DType.I32 => 4,
        DType.F16 or DType.BF16 or DType.I16 => 2,
        _ => 1,
    };

    internal static string Name(DType type) => type == DType.Bool ? "BOOL" : type.ToString();

    internal static bool TryParse(string? name, out DType type)
    {
        foreach (var candidate in Plain)
        {
            if (string.Equals(Name(candidate), name, StringComparison.Ordinal))
            {
                type = candidate;
                return true;
            }
        }
        type = default;
        return false;
    }
}
