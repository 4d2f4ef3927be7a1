namespace XLstm.Classification;

/// <summary>What a series might also have been: noise, another amplitude, a stretched or shifted course, a gap.</summary>
internal static class Augmentation
{
    private const double Noise = 0.05, Scale = 0.1, Shift = 0.04, Stretch = 0.06, GapChance = 0.3, Gap = 0.12;

    /// <summary>Another series of the same length; the same one for the same state of the source.</summary>
    public static TimeSeries Of(TimeSeries series, double strength, ref RandomSource random)
    {
        int n = series.Length;
        if (strength == 0 || n < 4)
            return series;
        // Time runs unevenly: a slow wave, and a shift; the ends stay where they are in half of all cases.
        double wave = strength * Stretch * random.NextNormal(), phase = random.NextDouble(), shift = random.NextDouble() < 0.5 ? 0 : strength * Shift * random.NextNormal();
        int cycles = 1 + (int)random.NextInteger(2);
        bool gap = random.NextDouble() < GapChance * strength;
        int gapLength = gap ? 1 + (int)(random.NextDouble() * Gap * n) : 0, gapAt = (int)random.NextInteger(n - gapLength + 1);
        var channels = new double[series.ChannelCount][];
        for (int c = 0; c < channels.Length; c++)
        {
            double[] from = series.Channels[c], to = channels[c] = new double[n];
            double deviation = Deviation(from), factor = Math.Exp(strength * Scale * random.NextNormal()), noise = strength * Noise * random.NextDouble() * deviation;
            for (int t = 0; t < n; t++)
            {
                double place = (double)t / (n - 1);
                double warped = place + shift + (wave * (Math.Sin(Math.PI * 2 * ((cycles * place) + phase)) - Math.Sin(Math.PI * 2 * phase)) / cycles);
                double at = Math.Clamp(warped, 0, 1) * (n - 1);
                int left = Math.Min((int)at, n - 2);
                double share = at - left;
                // A value that does not count must not make its neighbour missing.
                double value = share == 0 ? from[left] : share == 1 ? from[left + 1] : from[left] + (share * (from[left + 1] - from[left]));
                to[t] = t >= gapAt && t < gapAt + gapLength ? double.NaN : (value * factor) + (noise * random.NextNormal());
            }
        }
        return new TimeSeries(channels);
    }

    private static double Deviation(double[] values)
    {
        double sum = 0, squares = 0;
        int count = 0;
        foreach (double x in values)
            if (!double.IsNaN(x))
                (sum, squares, count) = (sum + x, squares + (x * x), count + 1);
        return count == 0 ? 0 : Math.Sqrt(Math.Max(0, (squares / count) - (sum / count * (sum / count))));
    }
}
