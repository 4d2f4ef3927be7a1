using System.Numerics.Tensors;

namespace XLstm.Forecasting;

/// <summary>Finds the season of a series in the autocorrelation of its differences, which neither level nor trend disturbs.</summary>
internal static class SeasonFinder
{
    private const int LongestLag = 400, LongestSeries = 2048;

    /// <summary>
    /// The season, a longer one that is a multiple of it, and the correlation of differences at the season. A given season is kept; 0 looks for one.
    /// </summary>
    public static (int Season, int LongSeason, double Strength) Find(ReadOnlySpan<double> series, int given)
    {
        if (series.Length > LongestSeries)
            series = series[^LongestSeries..];
        int n = series.Length - 1;
        if (n < 6 || given == 1)
            return (Math.Max(1, given), Math.Max(1, given), 0);
        float[] differences = Differences(series);
        int most = Math.Min(LongestLag, n / 2);
        var r = new float[most + 1];
        float power = TensorPrimitives.SumOfSquares(differences);
        if (!(power > 0))
            return (Math.Max(1, given), Math.Max(1, given), 0);
        for (int lag = 1; lag <= most; lag++)
            // Of the pairs there are: a longer lag has fewer, and would look weaker than it is.
            r[lag] = TensorPrimitives.Dot(differences.AsSpan(lag), differences.AsSpan(0, n - lag)) / power * n / (n - lag);

        int season = given > 1 ? given : Best(r, n);
        if (season <= 1)
            return (1, 1, 0);
        float strength = season <= most ? r[season] : 0;
        int longer = season;
        for (int k = 2; k * season <= most; k++)
            if (r[k * season] > r[longer] + Math.Max(0.05f, 0.2f * (1 - r[longer])))
                longer = k * season;
        return (season, longer, Math.Clamp(strength, -1, 1));
    }

    // The shortest lag whose correlation is a peak, stands out of chance, and comes near the best of all peaks.
    private static int Best(ReadOnlySpan<float> r, int n)
    {
        float best = 0;
        for (int lag = 2; lag < r.Length; lag++)
            if (IsPeak(r, lag, n))
                best = Math.Max(best, r[lag]);
        for (int lag = 2; lag < r.Length; lag++)
            if (IsPeak(r, lag, n) && r[lag] >= 0.8f * best)
                return Highest(r, lag);
        return 1;
    }

    // Around a long season noise makes little peaks beside the one that is meant.
    private static int Highest(ReadOnlySpan<float> r, int lag)
    {
        int highest = lag;
        for (int i = lag + 1; i < Math.Min(r.Length, lag + 1 + (lag / 8)); i++)
            if (r[i] > r[highest])
                highest = i;
        return highest;
    }

    // Above its neighbours, above what half a season before and after it is, and above what pairs of independent numbers would
    // show, the largest of many lags.
    private static bool IsPeak(ReadOnlySpan<float> r, int lag, int n)
    {
        if (r[lag] <= r[lag - 1] || (lag + 1 < r.Length && r[lag] < r[lag + 1]) || r[lag] <= Math.Max(0.15f, 3 / MathF.Sqrt(n - lag)))
            return false;
        int half = (lag + 1) / 2;
        float below = r[lag] - 0.1f;
        return TensorPrimitives.Min(r.Slice(lag - half, half)) < below
            && (lag + 1 >= r.Length || TensorPrimitives.Min(r[(lag + 1)..Math.Min(r.Length, lag + 1 + half)]) < below);
    }

    // Clipped at three times their typical size: one outlier is not a season.
    private static float[] Differences(ReadOnlySpan<double> series)
    {
        var filled = new double[series.Length];
        double last = double.NaN;
        for (int i = 0; i < series.Length; i++)
            filled[i] = last = double.IsFinite(series[i]) ? series[i] : last;
        var differences = new float[series.Length - 1];
        double size = 0;
        int count = 0;
        for (int i = 0; i < differences.Length; i++)
        {
            double step = filled[i + 1] - filled[i];
            if (!double.IsFinite(step))
                continue;
            size += Math.Abs(step);
            count++;
        }
        size = count > 0 && size > 0 ? size / count : 1;
        double mean = 0;
        for (int i = 0; i < differences.Length; i++)
        {
            double step = (filled[i + 1] - filled[i]) / size;
            differences[i] = double.IsFinite(step) ? (float)Math.Clamp(step, -3, 3) : 0;
            mean += differences[i];
        }
        TensorPrimitives.Subtract(differences, (float)(mean / differences.Length), differences);
        return differences;
    }
}
