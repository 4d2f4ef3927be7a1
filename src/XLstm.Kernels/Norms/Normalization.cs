using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>
/// Normalisation of groups of <c>width</c> consecutive values, each with its own mean and deviation:
/// <code>
/// Layer   y = (x - mean) / sqrt(mean((x - mean)^2) + epsilon) * w + b
/// Rms     y = x / sqrt(mean(x^2) + epsilon) * w + b
/// </code>
/// One group over the whole row is LayerNorm (arXiv 1607.06450) or RMSNorm; one group for each head is the head-wise
/// norm after a cell. The variance is taken in a second pass over the centred values.
/// </summary>
public static class Normalization
{
    /// <summary>Writes y and, unless it is empty, what the backward pass needs of each group.</summary>
    /// <param name="kind">With or without the mean.</param>
    /// <param name="rows">Rows of x.</param>
    /// <param name="groups">Groups in a row.</param>
    /// <param name="width">Values in a group.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="onePlusWeight">Multiply by 1 + weight instead of weight.</param>
    /// <param name="x">[rows, groups, width].</param>
    /// <param name="weight">[groups, width], or empty for a factor of 1.</param>
    /// <param name="bias">[groups, width], or empty for none.</param>
    /// <param name="y">[rows, groups, width]; may be x's own memory.</param>
    /// <param name="statistics">[rows, groups, 2]: mean (0 for Rms) and 1 / deviation; empty if not wanted.</param>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void Forward(
        NormKind kind, int rows, int groups, int width, float epsilon, bool onePlusWeight, ReadOnlySpan<float> x,
        ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, Span<float> y, Span<float> statistics) =>
        Forward(Simd.Width, kind, rows, groups, width, epsilon, onePlusWeight, x, weight, bias, y, statistics);

    /// <summary>Writes y once more, from the statistics of the forward pass: the same bits.</summary>
    /// <param name="rows">Rows of x.</param>
    /// <param name="groups">Groups in a row.</param>
    /// <param name="width">Values in a group.</param>
    /// <param name="onePlusWeight">As in the forward pass.</param>
    /// <param name="x">[rows, groups, width].</param>
    /// <param name="weight">[groups, width], or empty.</param>
    /// <param name="bias">[groups, width], or empty.</param>
    /// <param name="statistics">[rows, groups, 2], from the forward pass.</param>
    /// <param name="y">[rows, groups, width].</param>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void Again(
        int rows, int groups, int width, bool onePlusWeight, ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias,
        ReadOnlySpan<float> statistics, Span<float> y) =>
        Again(Simd.Width, rows, groups, width, onePlusWeight, x, weight, bias, statistics, y);

    /// <summary>
    /// With n the normalised value, g = dy * w and s = 1 / deviation:
    /// dx += s (g - mean(g) - n mean(g n)), without mean(g) for Rms; dWeight += sum over rows of dy n; dBias += sum over
    /// rows of dy.
    /// </summary>
    /// <param name="kind">As in the forward pass.</param>
    /// <param name="rows">Rows of x.</param>
    /// <param name="groups">Groups in a row.</param>
    /// <param name="width">Values in a group.</param>
    /// <param name="onePlusWeight">As in the forward pass.</param>
    /// <param name="x">[rows, groups, width].</param>
    /// <param name="weight">[groups, width], or empty.</param>
    /// <param name="statistics">[rows, groups, 2], from the forward pass.</param>
    /// <param name="dy">[rows, groups, width].</param>
    /// <param name="dx">[rows, groups, width], added to; empty if not wanted.</param>
    /// <param name="dWeight">[groups, width], added to; empty if not wanted.</param>
    /// <param name="dBias">[groups, width], added to; empty if not wanted.</param>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void Backward(
        NormKind kind, int rows, int groups, int width, bool onePlusWeight, ReadOnlySpan<float> x, ReadOnlySpan<float> weight,
        ReadOnlySpan<float> statistics, ReadOnlySpan<float> dy, Span<float> dx, Span<float> dWeight, Span<float> dBias) =>
        Backward(Simd.Width, kind, rows, groups, width, onePlusWeight, x, weight, statistics, dy, dx, dWeight, dBias);

    internal static void Forward(
        int lanes, NormKind kind, int rows, int groups, int width, float epsilon, bool onePlusWeight, ReadOnlySpan<float> x,
        ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, Span<float> y, Span<float> statistics)
    {
        int row = Extent.Of(groups, width);
        Check.Length(x, Extent.Of(rows, row));
        Check.LengthOrEmpty(weight, row);
        Check.LengthOrEmpty(bias, row);
        Check.Length(y, Extent.Of(rows, row));
        Check.LengthOrEmpty(statistics, checked(2 * Extent.Of(rows, groups)));
        switch (lanes)
        {
            case 16: Forward<Lanes16>(kind, rows, groups, width, epsilon, onePlusWeight, x, weight, bias, y, statistics); break;
            case 8: Forward<Lanes8>(kind, rows, groups, width, epsilon, onePlusWeight, x, weight, bias, y, statistics); break;
            case 4: Forward<Lanes4>(kind, rows, groups, width, epsilon, onePlusWeight, x, weight, bias, y, statistics); break;
            default: Forward<Lanes1>(kind, rows, groups, width, epsilon, onePlusWeight, x, weight, bias, y, statistics); break;
        }
    }

    internal static void Again(
        int lanes, int rows, int groups, int width, bool onePlusWeight, ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias,
        ReadOnlySpan<float> statistics, Span<float> y)
    {
        int row = Extent.Of(groups, width);
        Check.Length(x, Extent.Of(rows, row));
        Check.LengthOrEmpty(weight, row);
        Check.LengthOrEmpty(bias, row);
        Check.Length(statistics, checked(2 * Extent.Of(rows, groups)));
        Check.Length(y, Extent.Of(rows, row));
        switch (lanes)
        {
            case 16: Again<Lanes16>(rows, groups, width, onePlusWeight, x, weight, bias, statistics, y); break;
            case 8: Again<Lanes8>(rows, groups, width, onePlusWeight, x, weight, bias, statistics, y); break;
            case 4: Again<Lanes4>(rows, groups, width, onePlusWeight, x, weight, bias, statistics, y); break;
            default: Again<Lanes1>(rows, groups, width, onePlusWeight, x, weight, bias, statistics, y); break;
        }
    }

    internal static void Backward(
        int lanes, NormKind kind, int rows, int groups, int width, bool onePlusWeight, ReadOnlySpan<float> x, ReadOnlySpan<float> weight,
        ReadOnlySpan<float> statistics, ReadOnlySpan<float> dy, Span<float> dx, Span<float> dWeight, Span<float> dBias)
    {
        int row = Extent.Of(groups, width);
        Check.Length(x, Extent.Of(rows, row));
        Check.LengthOrEmpty(weight, row);
        Check.Length(statistics, checked(2 * Extent.Of(rows, groups)));
        Check.Length(dy, Extent.Of(rows, row));
        Check.LengthOrEmpty(dx, Extent.Of(rows, row));
        Check.LengthOrEmpty(dWeight, row);
        Check.LengthOrEmpty(dBias, row);
        switch (lanes)
        {
            case 16: Backward<Lanes16>(kind, rows, groups, width, onePlusWeight, x, weight, statistics, dy, dx, dWeight, dBias); break;
            case 8: Backward<Lanes8>(kind, rows, groups, width, onePlusWeight, x, weight, statistics, dy, dx, dWeight, dBias); break;
            case 4: Backward<Lanes4>(kind, rows, groups, width, onePlusWeight, x, weight, statistics, dy, dx, dWeight, dBias); break;
            default: Backward<Lanes1>(kind, rows, groups, width, onePlusWeight, x, weight, statistics, dy, dx, dWeight, dBias); break;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forward<L>(
        NormKind kind, int rows, int groups, int width, float epsilon, bool onePlusWeight, ReadOnlySpan<float> x,
        ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, Span<float> y, Span<float> statistics)
        where L : struct, ILanes<L>
    {
        for (int i = 0; i < rows * groups; i++)
        {
            ReadOnlySpan<float> group = x.Slice(i * width, width);
            if (i % groups == 0)
                Rows.AheadOf(x[(i * width)..], groups * width);
            float mean = kind == NormKind.Layer ? Map.Sum<Identity, L>(default, group) / width : 0;
            float scale = 1 / MathF.Sqrt(Map.Sum<CentredSquare, L>(new CentredSquare(mean), group) / width + epsilon);
            Apply<L>(group, mean, scale, new Factors(weight, onePlusWeight, i % groups * width), Shift(bias, i % groups, width), y.Slice(i * width, width));
            if (!statistics.IsEmpty)
                (statistics[2 * i], statistics[2 * i + 1]) = (mean, scale);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Again<L>(
        int rows, int groups, int width, bool onePlusWeight, ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias,
        ReadOnlySpan<float> statistics, Span<float> y)
        where L : struct, ILanes<L>
    {
        for (int i = 0; i < rows * groups; i++)
            Apply<L>(
                x.Slice(i * width, width), statistics[2 * i], statistics[2 * i + 1], new Factors(weight, onePlusWeight, i % groups * width),
                Shift(bias, i % groups, width), y.Slice(i * width, width));
    }

    private static ReadOnlySpan<float> Shift(ReadOnlySpan<float> bias, int group, int width) => bias.IsEmpty ? bias : bias.Slice(group * width, width);

    private static void Apply<L>(ReadOnlySpan<float> x, float mean, float scale, Factors factors, ReadOnlySpan<float> bias, Span<float> y)
        where L : struct, ILanes<L>
    {
        int done = Apply<L>(0, x, mean, scale, factors, bias, y);
        Apply<Lanes1>(done, x, mean, scale, factors, bias, y);
    }

    private static int Apply<L>(int j, ReadOnlySpan<float> x, float mean, float scale, Factors factors, ReadOnlySpan<float> bias, Span<float> y)
        where L : struct, ILanes<L>
    {
        ref float px = ref MemoryMarshal.GetReference(x), pb = ref MemoryMarshal.GetReference(bias), py = ref MemoryMarshal.GetReference(y);
        for (; j <= x.Length - L.Count; j += L.Count)
        {
            L normal = (L.Load(ref px, j) - L.Create(mean)) * L.Create(scale);
            L shift = bias.IsEmpty ? L.Create(0f) : L.Load(ref pb, j);
            L.Store(L.MultiplyAdd(normal, factors.Load<L>(j), shift), ref py, j);
        }

        return j;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Backward<L>(
        NormKind kind, int rows, int groups, int width, bool onePlusWeight, ReadOnlySpan<float> x, ReadOnlySpan<float> weight,
        ReadOnlySpan<float> statistics, ReadOnlySpan<float> dy, Span<float> dx, Span<float> dWeight, Span<float> dBias)
        where L : struct, ILanes<L>
    {
        for (int i = 0; i < rows * groups; i++)
        {
            int column = i % groups * width;
            if (column == 0)
                Rows.AheadOf(x[(i * width)..], groups * width);
            ReadOnlySpan<float> group = x.Slice(i * width, width), dyGroup = dy.Slice(i * width, width);
            float mean = statistics[2 * i], scale = statistics[2 * i + 1];
            var factors = new Factors(weight, onePlusWeight, column);
            Span<float> dw = dWeight.IsEmpty ? dWeight : dWeight.Slice(column, width);
            Span<float> db = dBias.IsEmpty ? dBias : dBias.Slice(column, width);
            float sum = 0, dot = 0;
            int done = Sums<L>(0, group, mean, scale, factors, dyGroup, dw, db, ref sum, ref dot);
            Sums<Lanes1>(done, group, mean, scale, factors, dyGroup, dw, db, ref sum, ref dot);
            if (dx.IsEmpty)
                continue;
            sum = kind == NormKind.Layer ? sum / width : 0;
            done = InputGradient<L>(0, group, mean, scale, factors, dyGroup, sum, dot / width, dx.Slice(i * width, width));
            InputGradient<Lanes1>(done, group, mean, scale, factors, dyGroup, sum, dot / width, dx.Slice(i * width, width));
        }
    }

    // sum += sum of g, dot += sum of g n, and the gradients of weight and bias on the way.
    private static int Sums<L>(
        int j, ReadOnlySpan<float> x, float mean, float scale, Factors factors, ReadOnlySpan<float> dy, Span<float> dWeight, Span<float> dBias,
        ref float sum, ref float dot)
        where L : struct, ILanes<L>
    {
        ref float px = ref MemoryMarshal.GetReference(x), pd = ref MemoryMarshal.GetReference(dy);
        L sums = L.Create(0f), dots = L.Create(0f);
        for (; j <= x.Length - L.Count; j += L.Count)
        {
            L d = L.Load(ref pd, j), normal = (L.Load(ref px, j) - L.Create(mean)) * L.Create(scale);
            L g = d * factors.Load<L>(j);
            sums += g;
            dots = L.MultiplyAdd(g, normal, dots);
            Map.Accumulate(d * normal, dWeight, j);
            Map.Accumulate(d, dBias, j);
        }

        sum += L.Sum(sums);
        dot += L.Sum(dots);
        return j;
    }

    private static int InputGradient<L>(
        int j, ReadOnlySpan<float> x, float mean, float scale, Factors factors, ReadOnlySpan<float> dy, float meanG, float meanGn, Span<float> dx)
        where L : struct, ILanes<L>
    {
        ref float px = ref MemoryMarshal.GetReference(x), pd = ref MemoryMarshal.GetReference(dy), pr = ref MemoryMarshal.GetReference(dx);
        for (; j <= x.Length - L.Count; j += L.Count)
        {
            L normal = (L.Load(ref px, j) - L.Create(mean)) * L.Create(scale);
            L g = L.Load(ref pd, j) * factors.Load<L>(j) - L.Create(meanG) - normal * L.Create(meanGn);
            L.Store(L.MultiplyAdd(L.Create(scale), g, L.Load(ref pr, j)), ref pr, j);
        }

        return j;
    }

    /// <summary>The factors of one group: w, 1 + w, or 1 where there is no weight.</summary>
    private readonly ref struct Factors(ReadOnlySpan<float> weight, bool onePlusWeight, int start)
    {
        private readonly ReadOnlySpan<float> _weight = weight.IsEmpty ? weight : weight[start..];
        private readonly float _offset = onePlusWeight ? 1 : 0;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Load<L>(int j) where L : struct, ILanes<L> =>
            _weight.IsEmpty ? L.Create(1f) : L.Load(ref MemoryMarshal.GetReference(_weight), j) + L.Create(_offset);
    }

    private readonly struct CentredSquare(float mean) : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a) where L : struct, ILanes<L>
        {
            L centred = a - L.Create(mean);
            return centred * centred;
        }
    }
}
