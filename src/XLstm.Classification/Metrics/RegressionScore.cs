namespace XLstm.Classification;

/// <summary>How told numbers compare to the true ones, e = told - true, where these are known.</summary>
/// <param name="Rmse">sqrt(mean e^2).</param>
/// <param name="Mae">mean |e|.</param>
/// <param name="R2">1 - sum e^2 / sum (true - mean true)^2; NaN where all true ones are the same.</param>
public sealed record RegressionScore(double Rmse, double Mae, double R2)
{
    /// <summary>Compares, over all numbers of all series.</summary>
    /// <exception cref="ArgumentException">None is known, or there are more of one than of the other.</exception>
    public static RegressionScore Of(IReadOnlyList<double> truth, IReadOnlyList<double> told)
    {
        ArgumentNullException.ThrowIfNull(truth);
        ArgumentNullException.ThrowIfNull(told);
        int[] known = [.. Enumerable.Range(0, truth.Count).Where(i => !double.IsNaN(truth[i]))];
        if (known.Length == 0 || truth.Count != told.Count)
            throw new ArgumentException($"There are {told.Count} numbers for {truth.Count} true ones, of which {known.Length} are known; expected as many, and one at least.", nameof(told));
        double mean = known.Average(i => truth[i]), squares = known.Sum(i => Square(told[i] - truth[i])), all = known.Sum(i => Square(truth[i] - mean));
        return new RegressionScore(Math.Sqrt(squares / known.Length), known.Average(i => Math.Abs(told[i] - truth[i])), all > 0 ? 1 - (squares / all) : double.NaN);
    }

    private static double Square(double x) => x * x;
}
