namespace XLstm;

/// <summary>The inner width of an up-projection: multiple * ceil(factor * width / multiple), or floor.</summary>
/// <remarks>Computed in double and in this order, as the <c>xlstm</c> package does: 1.3333333333333333 * 48 is exactly 64 in double, so that one ulp more would give another model.</remarks>
internal static class InnerSize
{
    internal static int Round(double factor, int width, bool up, int multiple) =>
        (int)Rounded(factor, width, up, multiple);

    private static double Rounded(double factor, int width, bool up, int multiple)
    {
        var blocks = factor * width / multiple;
        return (up ? Math.Ceiling(blocks) : Math.Floor(blocks)) * multiple;
    }

    internal static IEnumerable<ConfigProblem> Problems(string key, double factor, int width, bool up, int multiple)
    {
        if (multiple < 1)
            yield return new($"{key}.round_proj_up_to_multiple_of", $"{multiple}", "at least 1");
        else if (!(factor > 0) || !double.IsFinite(factor))
            yield return new($"{key}.proj_factor", $"{factor}", "a finite number above 0");
        else if (Round(factor, width, up, multiple) < 1)
            yield return new($"{key}.proj_factor", $"{factor}, an inner width of 0", $"factor times embedding_dim ({width}) of at least {multiple}, or round_proj_up_dim_up");
        else if (Round(factor, width, up, multiple) > int.MaxValue / 8)
            yield return new($"{key}.proj_factor", $"{factor}, an inner width of {Rounded(factor, width, up, multiple):g4} in multiples of {multiple}", $"an inner width of at most {int.MaxValue / 8}");
    }
}
