using System.Numerics;

namespace XLstm.Forecasting;

/// <summary>
/// The reference's resampling by frequency: long periods are shortened to the 64 steps that TiRex sees best. Where it
/// computes in single precision and nothing else hangs on that, this does in double.
/// </summary>
internal static class FrequencyResampling
{
    private const int Target = 64, LongestPeriod = 1000, Denominators = 12;
    private const double Prominence = 0.1;

    /// <summary>Points to take of each point of a series (NaN where one is missing): 1, or 1/2 to 1/12.</summary>
    public static double Rate(ReadOnlySpan<double> series) => Nearest(Factor(series));

    /// <summary>64 / period of the strongest period, or of the longer of the two strongest if one is about twice the other; 1 for none.</summary>
    public static double Factor(ReadOnlySpan<double> series)
    {
        int n = series.Length;
        if (n < 2 * LongestPeriod)
            return 1;
        double[] amplitudes = Amplitudes(series);
        List<int> peaks = Peaks(amplitudes, n);
        if (peaks.Count == 0)
            return 1;
        double frequency = Frequency(peaks[0], n);
        if (peaks.Count > 1)
        {
            double other = Frequency(peaks[1], n), low = Math.Min(frequency, other), high = Math.Max(frequency, other);
            if (high / low is >= 1.5 and <= 2.5)
                frequency = low;
        }
        return Math.Round(Target * frequency, 4);
    }

    /// <summary>The nearest of 1, 1/2, ... 1/12, as single precision has it: what is left of a series hangs on that.</summary>
    public static double Nearest(double factor)
    {
        float nearest = 1;
        for (int k = 2; k <= Denominators; k++)
            if (MathF.Abs((float)factor - (1f / k)) < MathF.Abs((float)factor - nearest))
                nearest = 1f / k;
        return nearest;
    }

    /// <summary>
    /// ceil(n rate) points, spread evenly from the first value to the last: means of the values that are there within 1 / rate steps for a rate below 1,
    /// straight lines between neighbours for one above.
    /// </summary>
    /// <param name="series">Values, NaN where one is missing.</param>
    /// <param name="rate">More than 0.</param>
    /// <param name="before">Share of the steps of a mean that lie before its point.</param>
    public static double[] Resample(ReadOnlySpan<double> series, double rate, double before = 0.5)
    {
        int n = series.Length, count = (int)Math.Ceiling(n * rate);
        if (rate == 1 || n == 0)
            return series.ToArray();
        var points = new double[count];
        for (int i = 0; i < count; i++)
        {
            double at = count == 1 ? 0 : (double)i * (n - 1) / (count - 1);
            points[i] = rate > 1 ? Between(series, at) : Mean(series, (float)at - (float)(before / rate), (float)at + (float)((1 - before) / rate));
        }
        return points;
    }

    private static double Between(ReadOnlySpan<double> series, double at)
    {
        double low = series[(int)Math.Floor(at)], high = series[(int)Math.Ceiling(at)];
        return low + ((high - low) * (at - Math.Floor(at)));
    }

    // In single precision as the reference has it: whether a value at the very edge counts hangs on that.
    private static double Mean(ReadOnlySpan<double> series, float from, float to)
    {
        int first = Math.Clamp((int)MathF.Ceiling(from), 0, series.Length - 1), last = Math.Max(first, Math.Clamp((int)MathF.Floor(to), 0, series.Length - 1)), count = 0;
        double sum = 0;
        for (int i = first; i <= last; i++)
            if (!double.IsNaN(series[i]))
            {
                sum += series[i];
                count++;
            }
        return sum / count;
    }

    // Cycles per step of a bin, in single precision as the reference has it: a period may be exactly the shortest or the longest.
    private static double Frequency(int bin, int n) => (float)bin / n;

    // Of the series without gaps and mean, under a Hann window; the largest is 1.
    private static double[] Amplitudes(ReadOnlySpan<double> series)
    {
        int n = series.Length;
        double[] filled = Filled(series);
        double mean = filled.Average();
        for (int i = 0; i < n; i++)
            filled[i] = (filled[i] - mean) * 0.5 * (1 - Math.Cos(2 * Math.PI * i / n));
        Complex[] spectrum = FourierTransform.Of(filled);
        var amplitudes = new double[(n / 2) + 1];
        double largest = 0;
        for (int k = 0; k < amplitudes.Length; k++)
        {
            // One side stands for both, but for the two bins that have no other side.
            amplitudes[k] = Complex.Abs(spectrum[k]) * (k == 0 || 2 * k == n ? 1 : 2);
            largest = Math.Max(largest, amplitudes[k]);
        }
        if (largest > 0)
            for (int k = 0; k < amplitudes.Length; k++)
                amplitudes[k] /= largest;
        return amplitudes;
    }

    // The bins of the two highest peaks with a period in range; none if there is a peak of a shorter one.
    private static List<int> Peaks(double[] amplitudes, int n)
    {
        for (int k = 0; k < amplitudes.Length && Frequency(k, n) < 1f / LongestPeriod; k++)
            amplitudes[k] = 0;
        List<int> peaks = [.. Enumerable.Range(1, amplitudes.Length - 3).Where(k => amplitudes[k] > Prominence && amplitudes[k] > amplitudes[k - 1] && amplitudes[k] > amplitudes[k + 1])];
        return peaks.Exists(k => 1 / Frequency(k, n) < Target) ? [] : [.. peaks.Where(k => 1 / Frequency(k, n) <= LongestPeriod).OrderByDescending(k => amplitudes[k]).Take(2)];
    }

    // Straight lines across gaps; the first and last values beyond.
    private static double[] Filled(ReadOnlySpan<double> series)
    {
        var filled = new double[series.Length];
        int last = -1;
        for (int i = 0; i < series.Length; i++)
        {
            if (double.IsNaN(series[i]))
                continue;
            for (int j = last + 1; j <= i; j++)
                filled[j] = last < 0 ? series[i] : series[last] + ((series[i] - series[last]) * (j - last) / (i - last));
            last = i;
        }
        if (last >= 0)
            filled.AsSpan(last + 1).Fill(series[last]);
        return filled;
    }
}
