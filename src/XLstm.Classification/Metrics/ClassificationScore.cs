namespace XLstm.Classification;

/// <summary>How predicted classes compare to the true ones.</summary>
public sealed class ClassificationScore
{
    private readonly int[,] _counts;

    private ClassificationScore(string[] classes, int[,] counts) => (Classes, _counts) = (classes, counts);

    /// <summary>All that occur, predicted or true, in ordinal order.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Series of a class that were told to be of another, or the same.</summary>
    public int this[int truth, int predicted] => _counts[truth, predicted];

    /// <summary>sum_k n_kk / n.</summary>
    public double Accuracy => Sum(k => _counts[k, k]) / Sum(k => Truths(k));

    /// <summary>The mean of n_kk / n_k. over the classes that occur.</summary>
    public double BalancedAccuracy => Mean(k => (double)_counts[k, k] / Truths(k));

    /// <summary>The mean of 2 n_kk / (n_k. + n_.k) over the classes that occur.</summary>
    public double MacroF1 => Mean(k => 2.0 * _counts[k, k] / (Truths(k) + Predictions(k)));

    /// <summary>Compares.</summary>
    /// <exception cref="ArgumentException">There are none, or more of one than of the other.</exception>
    public static ClassificationScore Of(IReadOnlyList<string> truth, IReadOnlyList<string> predicted)
    {
        ArgumentNullException.ThrowIfNull(truth);
        ArgumentNullException.ThrowIfNull(predicted);
        if (truth.Count == 0 || truth.Count != predicted.Count)
            throw new ArgumentException($"There are {predicted.Count} predictions of {truth.Count} series; expected as many, and one at least.", nameof(predicted));
        string[] classes = [.. truth.Concat(predicted).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var counts = new int[classes.Length, classes.Length];
        for (int i = 0; i < truth.Count; i++)
            counts[Array.IndexOf(classes, truth[i]), Array.IndexOf(classes, predicted[i])]++;
        return new ClassificationScore(classes, counts);
    }

    private int Truths(int k) => (int)Sum(j => _counts[k, j]);

    private int Predictions(int k) => (int)Sum(j => _counts[j, k]);

    private double Sum(Func<int, double> value) => Enumerable.Range(0, Classes.Count).Sum(value);

    private double Mean(Func<int, double> value) => Enumerable.Range(0, Classes.Count).Where(k => Truths(k) > 0).Average(value);
}
