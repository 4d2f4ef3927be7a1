namespace XLstm.Classification;

/// <summary>
/// How a series becomes patches: W values of each channel around every S-th step, of a value's missing ones interpolated, in units of the
/// channel's mean and deviation. Beside them: the share of the W values that is there, the place in the series, and what the units took away -
/// the deviations, means and the length, in units of their own spread over the series of the training.
/// </summary>
/// <param name="Channels">C.</param>
/// <param name="Window">W.</param>
/// <param name="Stride">S.</param>
/// <param name="Scaling">Which mean and deviation.</param>
/// <param name="Mean">Of each channel in the training, C.</param>
/// <param name="Unit">Deviation of each channel in the training, C.</param>
/// <param name="Center">Means of the 2 C + 1 numbers that describe a series.</param>
/// <param name="Spread">Their deviations.</param>
internal sealed record SequenceEncoding(int Channels, int Window, int Stride, SequenceScaling Scaling, double[] Mean, double[] Unit, double[] Center, double[] Spread)
{
    private const int LeastWindow = 8, WindowStrides = 4;
    private const double LeastSpread = 0.1, MostDescription = 4, MostUnits = 20;

    /// <summary>F, numbers of a patch.</summary>
    public int Features => (Channels * (Window + 1)) + 2 + DescriptionLength;

    private int DescriptionLength => (2 * Channels) + 1;

    /// <summary>For series like these.</summary>
    public static SequenceEncoding Of(IReadOnlyList<TimeSeries> series, SequenceScaling scaling, int patches)
    {
        int channels = series[0].ChannelCount;
        int[] lengths = [.. series.Select(s => s.Length).Order()];
        int stride = Math.Max(1, (int)Math.Round((double)lengths[lengths.Length / 2] / patches));
        var (mean, unit) = (new double[channels], new double[channels]);
        for (int c = 0; c < channels; c++)
        {
            (mean[c], unit[c]) = Moments(series.SelectMany(s => s.Channels[c]));
            if (!(unit[c] > 0))
                unit[c] = 1;
        }
        var encoding = new SequenceEncoding(
            channels, Math.Max(LeastWindow, WindowStrides * stride), stride, scaling, mean, unit,
            new double[(2 * channels) + 1], [.. Enumerable.Repeat(1.0, (2 * channels) + 1)]);
        double[][] descriptions = [.. series.Select(encoding.Describe)];
        for (int i = 0; i < encoding.DescriptionLength; i++)
        {
            (encoding.Center[i], double spread) = Moments(descriptions.Select(d => d[i]));
            // Series that are all alike would have their rounding told.
            encoding.Spread[i] = Math.Max(spread, LeastSpread);
        }
        return encoding;
    }

    /// <summary>Patches of a series.</summary>
    public int Patches(int length) => Math.Max(1, (length + Stride - 1) / Stride);

    /// <summary>Writes the patches [T, F] of a series.</summary>
    public void Encode(TimeSeries series, Span<float> patches)
    {
        int n = series.Length, T = Patches(n), F = Features;
        double[] description = Describe(series);
        var values = new double[n];
        patches = patches[..(T * F)];
        for (int t = 0; t < T; t++)
        {
            Span<float> patch = patches.Slice((t * F) + (Channels * (Window + 1)), 2 + DescriptionLength);
            double place = T == 1 ? 0 : (2.0 * t / (T - 1)) - 1;
            patch[0] = (float)place;
            patch[1] = (float)((place * place) - 0.5);
            for (int i = 0; i < description.Length; i++)
                patch[2 + i] = (float)Math.Clamp((description[i] - Center[i]) / Spread[i], -MostDescription, MostDescription);
        }
        for (int c = 0; c < Channels; c++)
        {
            ReadOnlySpan<double> channel = series[c];
            (double mean, double unit) = Scaling == SequenceScaling.PerSeries ? Moments(series.Channels[c]) : (Mean[c], Unit[c]);
            Fill(channel, mean, unit > 0 ? unit : 1, values);
            for (int t = 0; t < T; t++)
            {
                Span<float> patch = patches.Slice((t * F) + (c * (Window + 1)), Window + 1);
                int start = (t * Stride) - ((Window - Stride) / 2), present = 0;
                for (int i = 0; i < Window; i++)
                {
                    int at = start + i;
                    present += (uint)at < (uint)n && !double.IsNaN(channel[at]) ? 1 : 0;
                    patch[i] = n == 0 ? 0 : (float)values[Math.Clamp(at, 0, n - 1)];
                }
                patch[Window] = (float)present / Window;
            }
        }
    }

    /// <summary>Sizes that fit each other, and numbers that are numbers.</summary>
    /// <exception cref="ArgumentException">Something is not; says what.</exception>
    public void Validate()
    {
        if (Channels is < 1 or > 4096)
            throw new ArgumentException($"channels is {Channels}, expected 1 to 4096.");
        if (Window is < 1 or > 1 << 20)
            throw new ArgumentException($"window is {Window}, expected 1 to {1 << 20}.");
        if (Stride < 1 || Stride > Window)
            throw new ArgumentException($"stride is {Stride}, expected 1 to {Window}, the window.");
        if ((long)Channels * Window > 1 << 24)
            throw new ArgumentException($"channels and window are {Channels} and {Window}, expected {1 << 24} values of a patch at most.");
        if (!Enum.IsDefined(Scaling))
            throw new ArgumentException($"scaling is {Scaling}.");
        Check("mean", Mean, Channels, false);
        Check("unit", Unit, Channels, true);
        Check("center", Center, DescriptionLength, false);
        Check("spread", Spread, DescriptionLength, true);

        static void Check(string name, double[]? values, int count, bool positive)
        {
            if (values is null || values.Length != count || values.Any(x => !double.IsFinite(x) || (positive && x <= 0)))
                throw new ArgumentException($"{name} has not {count} {(positive ? "positive " : "")}numbers.");
        }
    }

    private double[] Describe(TimeSeries series)
    {
        var description = new double[DescriptionLength];
        for (int c = 0; c < Channels; c++)
        {
            (double mean, double unit) = Moments(series.Channels[c]);
            description[c] = Math.Log(Math.Max(unit / Unit[c], 1e-4));
            description[Channels + c] = Math.Asinh((mean - Mean[c]) / Unit[c]);
        }
        description[^1] = Math.Log(1.0 + series.Length);
        return description;
    }

    // In units, straight lines where values are missing, the nearest one before the first and after the last.
    private static void Fill(ReadOnlySpan<double> channel, double mean, double unit, Span<double> values)
    {
        int last = -1;
        for (int i = 0; i < channel.Length; i++)
        {
            if (double.IsNaN(channel[i]))
                continue;
            values[i] = Math.Clamp((channel[i] - mean) / unit, -MostUnits, MostUnits);
            for (int j = last + 1; j < i; j++)
                values[j] = last < 0 ? values[i] : values[last] + ((values[i] - values[last]) * (j - last) / (i - last));
            last = i;
        }
        if (last < 0)
            values.Clear();
        else
            values[(last + 1)..].Fill(values[last]);
    }

    private static (double Mean, double Deviation) Moments(IEnumerable<double> values)
    {
        double sum = 0, squares = 0;
        int count = 0;
        foreach (double x in values)
            if (!double.IsNaN(x))
                (sum, count) = (sum + x, count + 1);
        if (count == 0)
            return (0, 0);
        double mean = sum / count;
        foreach (double x in values)
            if (!double.IsNaN(x))
                squares += (x - mean) * (x - mean);
        double deviation = Math.Sqrt(squares / count);
        // Values that are all the same differ by their rounding.
        return (mean, deviation > 1e-12 * Math.Abs(mean) ? deviation : 0);
    }
}
