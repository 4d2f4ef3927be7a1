namespace XLstm.Forecasting;

/// <summary>
/// Turns a series into what the network reads: for each patch of P values a row of features, all of them relative to the last
/// value that was observed (the anchor a) and in the unit u of the series. A row knows nothing that comes after its patch:
/// <list type="bullet">
/// <item>the values of the patch, and which of them there are;</item>
/// <item>what three simple forecasts say about the H steps that follow: the last season, the one before it, and the mean shape of up to four;</item>
/// <item>the means of the last four seasons (or of 4 values each, without a season);</item>
/// <item>what <see cref="SeriesScale"/> knows, how much has been seen, and where 0 is.</item>
/// </list>
/// </summary>
internal static class PatchReader
{
    private const int Paths = 3, Means = 4, Facts = 10;

    // Seasons whose mean shape is taken.
    private const int Shapes = 4;

    /// <summary>Features of a patch.</summary>
    public static int FeatureCount(int patch, int outputs) => (2 * patch) + (Paths * outputs) + Means + Facts;

    /// <summary>Place of the first simple forecast (the last season again) among the features.</summary>
    public static int LastSeasonAt(int patch) => 2 * patch;

    /// <summary>Writes the features of the patch that ends before <paramref name="end"/> and returns its anchor.</summary>
    /// <param name="series">The whole series; only what is before <paramref name="end"/> is read.</param>
    /// <param name="end">One past the last value of the patch.</param>
    /// <param name="scale">Fixed for the series.</param>
    /// <param name="patch">P; values before the start of the series count as missing.</param>
    /// <param name="outputs">H.</param>
    /// <param name="features">[<see cref="FeatureCount"/>].</param>
    public static double Read(ReadOnlySpan<double> series, int end, SeriesScale scale, int patch, int outputs, Span<float> features)
    {
        double a = Anchor(series, end, scale), u = scale.Unit;

        for (int i = 0; i < patch; i++)
        {
            int at = end - patch + i;
            bool seen = at >= 0 && double.IsFinite(series[at]);
            features[i] = seen ? SeriesScale.Compress((series[at] - a) / u) : 0;
            features[patch + i] = seen ? 1 : 0;
        }

        int m = scale.Season, longer = scale.LongSeason;
        Span<float> lastSeason = features.Slice(2 * patch, outputs), before = features.Slice((2 * patch) + outputs, outputs);
        Span<float> shape = features.Slice((2 * patch) + (2 * outputs), outputs);
        for (int h = 0; h < Math.Min(outputs, longer); h++)
        {
            double one = Earlier(series, end + h - longer, longer, end, a), two = Earlier(series, end + h - (2 * longer), longer, end, one);
            lastSeason[h] = SeriesScale.Compress((one - a) / u);
            before[h] = SeriesScale.Compress((two - a) / u);
        }
        Span<double> means = stackalloc double[Means];
        int block = m > 1 ? m : 4;
        for (int j = 0; j < Means; j++)
            means[j] = Mean(series, end - ((j + 1) * block), end - (j * block), j == 0 ? a : means[j - 1]);
        for (int h = 0; h < Math.Min(outputs, m); h++)
        {
            double sum = 0;
            int count = 0;
            for (int j = 0; j < Shapes; j++)
            {
                int at = end + h - ((j + 1) * m);
                if (at < 0 || !double.IsFinite(series[at]))
                    continue;
                sum += series[at] - (m > 1 ? means[j] : 0);
                count++;
            }
            shape[h] = count == 0 ? lastSeason[h] : SeriesScale.Compress(((sum / count) + (m > 1 ? means[0] : 0) - a) / u);
        }
        Repeat(lastSeason, longer);
        Repeat(before, longer);
        Repeat(shape, m);

        Span<float> rest = features[((2 * patch) + (Paths * outputs))..];
        for (int j = 0; j < Means; j++)
            rest[j] = SeriesScale.Compress((means[j] - a) / u);
        Span<float> facts = rest[Means..];
        facts[0] = SeriesScale.Compress((a - scale.Level) / u);
        facts[1] = (float)scale.Roughness;
        facts[2] = (float)(Math.Log2(m) / 4);
        facts[3] = (float)(Math.Log2((double)longer / m) / 2);
        facts[4] = (float)scale.SeasonStrength;
        facts[5] = (float)(Math.Log2(end) / 8);
        facts[6] = (float)(m > 1 ? Math.Min(Math.Log2((double)end / m), 4) / 2 : 0);
        facts[7] = scale.NonNegative ? SeriesScale.Compress(a / u) : 0;
        facts[8] = scale.NonNegative ? 1 : 0;
        facts[9] = (float)scale.Zeros;
        return a;
    }

    /// <summary>The last observed value before <paramref name="end"/>, or the level.</summary>
    public static double Anchor(ReadOnlySpan<double> series, int end, SeriesScale scale)
    {
        int last = end - 1;
        while (last >= 0 && !double.IsFinite(series[last]))
            last--;
        return last >= 0 ? series[last] : scale.Level;
    }

    // The value at a step or, where it is missing, the last one a whole number of seasons before it.
    private static double Earlier(ReadOnlySpan<double> series, int at, int season, int end, double otherwise)
    {
        for (; at >= 0; at -= season)
            if (at < end && double.IsFinite(series[at]))
                return series[at];
        return otherwise;
    }

    private static double Mean(ReadOnlySpan<double> series, int from, int to, double otherwise)
    {
        double sum = 0;
        int count = 0;
        for (int i = Math.Max(0, from); i < to; i++)
            if (double.IsFinite(series[i]))
            {
                sum += series[i];
                count++;
            }
        return count == 0 ? otherwise : sum / count;
    }

    private static void Repeat(Span<float> path, int season)
    {
        for (int h = season; h < path.Length; h++)
            path[h] = path[h - season];
    }
}
