using System.Diagnostics;

namespace XLstm.Benchmarks.Comparison;

internal static class Timing
{
    /// <summary>Seconds of a call, the median over <paramref name="budget"/> seconds of calls; the first call does not count.</summary>
    public static double Seconds(Action call, double budget)
    {
        call();
        var taken = new List<double>();
        long begin = Stopwatch.GetTimestamp();
        do
        {
            long start = Stopwatch.GetTimestamp();
            call();
            taken.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        while (Stopwatch.GetElapsedTime(begin).TotalSeconds < budget);
        return Figure.Of(taken).Median;
    }
}
