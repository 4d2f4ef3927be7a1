using System.Numerics.Tensors;

namespace XLstm.Forecasting;

/// <summary>Makes one vector of a series from the embeddings of its patches, as the reference of TiRex does for its classifiers.</summary>
public static class SeriesEmbedding
{
    /// <summary>
    /// For each layer, and in it for each variate, the mean over the patches, scaled to length 1; all of that at mean 0 and variance 1 (eps 1e-5).
    /// </summary>
    /// <param name="variates">Patches of each variate, from one network.</param>
    public static float[] Of(IReadOnlyList<PatchEmbeddings> variates)
    {
        ArgumentNullException.ThrowIfNull(variates);
        ArgumentOutOfRangeException.ThrowIfZero(variates.Count, nameof(variates));
        int L = variates[0].Layers, D = variates[0].Width, V = variates.Count;
        var vector = new float[L * V * D];
        for (int l = 0; l < L; l++)
            for (int v = 0; v < V; v++)
            {
                Span<float> mean = vector.AsSpan(((l * V) + v) * D, D);
                for (int t = 0; t < variates[v].Patches; t++)
                    TensorPrimitives.Add(mean, variates[v][t, l], mean);
                TensorPrimitives.Divide(mean, variates[v].Patches, mean);
                TensorPrimitives.Divide(mean, Math.Max(TensorPrimitives.Norm(mean), 1e-12f), mean);
            }
        TensorPrimitives.Subtract(vector, TensorPrimitives.Average<float>(vector), vector);
        TensorPrimitives.Divide(vector, MathF.Sqrt((TensorPrimitives.SumOfSquares<float>(vector) / vector.Length) + 1e-5f), vector);
        return vector;
    }

    /// <summary>
    /// Mean, deviation, largest and smallest value of each eighth of each variate (and of what is left over, where a missing value leaves nothing),
    /// relative to those of the other series, then to each other.
    /// </summary>
    internal static float[][] Statistics(IReadOnlyList<double[][]> series)
    {
        double[][] all = [.. series.Select(variates => variates.SelectMany(Statistics).ToArray())];
        for (int i = 0; i < all[0].Length; i++)
        {
            double[] known = [.. all.Select(s => s[i]).Where(x => !double.IsNaN(x))];
            double mean = known.DefaultIfEmpty(0).Average(), deviation = Math.Sqrt(known.Select(x => (x - mean) * (x - mean)).DefaultIfEmpty(0).Average());
            foreach (double[] one in all)
                one[i] = double.IsNaN(one[i]) ? 0 : (one[i] - mean) / (deviation + 1e-8);
        }
        return [.. all.Select(one =>
        {
            double mean = one.Average(), deviation = Math.Sqrt(one.Sum(x => (x - mean) * (x - mean)) / (one.Length - 1));
            return one.Select(x => (float)((x - mean) / (deviation + 1e-8))).ToArray();
        })];
    }

    private static IEnumerable<double> Statistics(double[] variate)
    {
        int length = Math.Max(1, variate.Length / 8), full = variate.Length / length * length;
        for (int from = 0; from < full; from += length)
        {
            double[] known = [.. variate[from..(from + length)].Where(x => !double.IsNaN(x))];
            double mean = known.Length == 0 ? double.NaN : known.Average();
            yield return mean;
            yield return known.Length == 0 ? double.NaN : Math.Sqrt(known.Average(x => (x - mean) * (x - mean)));
            yield return known.Length == 0 ? double.NaN : known.Max();
            yield return known.Length == 0 ? double.NaN : known.Min();
        }
        if (full == variate.Length)
            yield break;
        double[] rest = variate[full..];
        bool missing = Array.Exists(rest, double.IsNaN);
        double average = rest.Average();
        yield return average;
        yield return Math.Sqrt(rest.Sum(x => (x - average) * (x - average)) / (rest.Length - 1));
        yield return missing ? double.NaN : rest.Max();
        yield return missing ? double.NaN : rest.Min();
    }
}
