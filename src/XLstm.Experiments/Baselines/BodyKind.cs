namespace XLstm.Experiments;

/// <summary>How large a body is.</summary>
/// <param name="Width">D.</param>
/// <param name="Inner">Width that blocks go up to; 0 where they stay at D.</param>
internal readonly record struct BodySize(int Width, int Inner);

/// <summary>A kind of body that can be made at any size, so that models of different kinds can be compared at equal parameters.</summary>
/// <param name="Name">As tables have it.</param>
/// <param name="Multiple">D is a multiple of this.</param>
/// <param name="Factor">The usual Inner over D; 0 for bodies that have none.</param>
/// <param name="InnerMultiple">Inner is a multiple of this.</param>
/// <param name="Create">Makes it, with a rate of dropout.</param>
internal sealed record BodyKind(string Name, int Multiple, double Factor, int InnerMultiple, Func<ParameterScope, BodySize, float, ISequenceBody> Create)
{
    /// <summary>Parameters that <see cref="Fit"/> may miss, as a part of those asked for.</summary>
    public const double Tolerance = 0.02;

    // Inner over its usual value, and the reverse, that still is the same architecture.
    private const double Stretch = 1.5;
    private const int Round = 64;

    /// <summary>The size of width D with the usual inner width, rounded up to a multiple of 64 as the paper's package does.</summary>
    public BodySize At(int width) => new(width, (int)Math.Ceiling(Factor * width / Round) * Round);

    /// <summary>A whole model: embedding, this body, head.</summary>
    public TokenModel Model(ParameterSet parameters, BodySize size, int vocabulary, int classes, float dropout = 0f, bool vectors = false, bool tied = false) =>
        new(parameters, vocabulary, classes, size.Width, scope => Create(scope, size, dropout), vectors, tied);

    /// <summary>Parameters of the whole model.</summary>
    public long Count(BodySize size, int vocabulary, int classes, bool tied = false) => Model(ParameterSet.ForSizes(), size, vocabulary, classes, tied: tied).Parameters.ElementCount;

    /// <summary>
    /// The size at which the whole model has <paramref name="parameters"/> parameters, within <see cref="Tolerance"/>: the roundest width
    /// that allows it, since odd widths are slow, and an inner width that makes up for the rest.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">No size has so few or so many.</exception>
    public BodySize Fit(long parameters, int vocabulary, int classes, bool tied = false)
    {
        var counts = new Dictionary<BodySize, long>();
        int width = Multiple;
        while (Of(At(2 * width)) <= parameters)
            width *= 2;
        for (int step = width / 2; step >= Multiple; step /= 2)
            if (Of(At(width + step)) <= parameters)
                width += step;

        // Where the embedding is nearly all there is, no inner width makes up for a step of D; then the furthest one that is allowed may be near enough.
        foreach (bool furthest in (ReadOnlySpan<bool>)[false, true])
            for (int multiple = Multiple << 6; multiple >= Multiple; multiple /= 2)
                foreach (int candidate in (ReadOnlySpan<int>)[width / multiple * multiple, (width / multiple + 1) * multiple])
                    if (candidate > 0 && Fill(At(candidate), furthest) is { } size)
                        return size;
        throw new ArgumentOutOfRangeException(nameof(parameters), parameters, $"{Name} has no size with about so many parameters for a vocabulary of {vocabulary}.");

        long Of(BodySize size)
        {
            if (!counts.TryGetValue(size, out long count))
                counts.Add(size, count = Count(size, vocabulary, classes, tied));
            return count;
        }

        BodySize? Fill(BodySize usual, bool furthest)
        {
            if (Near(usual))
                return usual;
            if (Factor == 0)
                return null;
            // Parameters are linear in the inner width.
            double each = (Of(usual with { Inner = usual.Inner + Round }) - Of(usual)) / (double)Round;
            double inner = usual.Inner + (parameters - Of(usual)) / each;
            double allowed = Math.Clamp(inner, usual.Inner / Stretch, usual.Inner * Stretch);
            if (inner != allowed && !furthest)
                return null;
            inner = allowed;
            BodySize round = Nearest(16), fine = Nearest(InnerMultiple);
            return Near(round) ? round : Near(fine) ? fine : null;

            BodySize Nearest(int multiple) => usual with { Inner = (int)Math.Round(inner / multiple) * multiple };
        }

        bool Near(BodySize size) => size.Inner >= 0 && Math.Abs(Of(size) - parameters) <= Tolerance * parameters;
    }
}
