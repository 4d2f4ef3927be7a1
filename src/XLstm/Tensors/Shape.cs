using System.Globalization;

namespace XLstm;

/// <summary>The sizes of a tensor: one to four dimensions, row-major.</summary>
public readonly record struct Shape
{
    private readonly int _a, _b, _c, _d;

    /// <summary>A vector of <paramref name="a"/> elements.</summary>
    public Shape(int a) : this(1, a, 1, 1, 1)
    {
    }

    /// <summary>A matrix [a, b].</summary>
    public Shape(int a, int b) : this(2, a, b, 1, 1)
    {
    }

    /// <summary>[a, b, c].</summary>
    public Shape(int a, int b, int c) : this(3, a, b, c, 1)
    {
    }

    /// <summary>[a, b, c, d].</summary>
    public Shape(int a, int b, int c, int d) : this(4, a, b, c, d)
    {
    }

    private Shape(int rank, int a, int b, int c, int d)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(a);
        ArgumentOutOfRangeException.ThrowIfNegative(b);
        ArgumentOutOfRangeException.ThrowIfNegative(c);
        ArgumentOutOfRangeException.ThrowIfNegative(d);
        long length = (long)a * b;
        if (length > int.MaxValue || (length *= c) > int.MaxValue || (length *= d) > int.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(a), $"A tensor of {a} x {b} x {c} x {d} elements is too large: at most {int.MaxValue}.");
        (Rank, _a, _b, _c, _d, Length) = (rank, a, b, c, d, (int)length);
    }

    /// <summary>Number of dimensions.</summary>
    public int Rank { get; }

    /// <summary>Number of elements.</summary>
    public int Length { get; }

    /// <summary>Size of the last dimension.</summary>
    public int Last => this[Rank - 1];

    /// <summary>Product of all dimensions but the last.</summary>
    public int Rows => Last == 0 ? 0 : Length / Last;

    /// <summary>Size of dimension <paramref name="dimension"/>.</summary>
    public int this[int dimension] => (uint)dimension >= (uint)Rank
        ? throw new ArgumentOutOfRangeException(nameof(dimension), dimension, $"Shape {this} has {Rank} dimensions.")
        : dimension switch { 0 => _a, 1 => _b, 2 => _c, _ => _d };

    /// <summary>The same shape with another last dimension.</summary>
    public Shape WithLast(int last) => Rank switch
    {
        1 => new Shape(last),
        2 => new Shape(_a, last),
        3 => new Shape(_a, _b, last),
        _ => new Shape(_a, _b, _c, last),
    };

    /// <summary>For example "[8, 256, 128]".</summary>
    public override string ToString()
    {
        CultureInfo c = CultureInfo.InvariantCulture;
        return Rank switch
        {
            0 => "[]",
            1 => string.Create(c, $"[{_a}]"),
            2 => string.Create(c, $"[{_a}, {_b}]"),
            3 => string.Create(c, $"[{_a}, {_b}, {_c}]"),
            _ => string.Create(c, $"[{_a}, {_b}, {_c}, {_d}]"),
        };
    }
}
