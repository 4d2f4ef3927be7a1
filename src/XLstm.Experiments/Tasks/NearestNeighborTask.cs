namespace XLstm.Experiments;

/// <summary>
/// Nearest-neighbour search: a point comes first, then points with a value each; at the end the value of the one that is nearest to the first
/// is asked. Whoever reads it must replace what it keeps whenever something nearer comes. A step has two coordinates, uniform in [-1, 1], the
/// value, uniform in [0, 1], and a 1 where it is the first; the loss is the squared error, 1/12 for whoever says 1/2.
/// Source: arXiv 2405.04517, introduction, figure 2 and appendix: that it is asked is published; dimension and distributions are our reading.
/// </summary>
internal sealed class NearestNeighborTask(ExperimentSetting setting) : IExperimentTask
{
    private const int Inputs = 4, EvaluationBatch = 64;
    private const ulong ValidationSeed = 0x5EED, TestSeed = 0x7E57;

    public string Fingerprint => "nearest neighbor 1";

    public int Vocabulary => Inputs;

    public int Classes => 1;

    public bool ReadsVectors => true;

    public string LossName => "mean squared error";

    public double? RandomAccuracy => null;

    public int Parts => 1;

    public IReadOnlyList<SequenceBatch> Draw(ulong seed, long step)
    {
        var random = new RandomSource(RandomSource.SeedFor(seed, $"batch {step}"));
        return [Batch(ref random, new LengthBin(setting.ShortestTraining, setting.LongestTraining), setting.Batch)];
    }

    public IEnumerable<SequenceBatch> Validation => Bins(ValidationSeed, Math.Max(1, setting.EvaluationRows / 4)).Select(b => b.Batch);

    public IEnumerable<(string Group, SequenceBatch Batch)> Test => Bins(TestSeed, setting.EvaluationRows);

    private IEnumerable<(string Group, SequenceBatch Batch)> Bins(ulong seed, int rows)
    {
        IReadOnlyList<LengthBin> bins = LengthBin.Of(setting);
        foreach (LengthBin bin in bins)
        {
            var random = new RandomSource(RandomSource.SeedFor(seed, bin.Name));
            for (int left = Math.Max(1, rows / bins.Count); left > 0; left -= EvaluationBatch)
                yield return (bin.Name, Batch(ref random, bin, Math.Min(left, EvaluationBatch)));
        }
    }

    private static VectorBatch Batch(ref RandomSource random, LengthBin bin, int rows)
    {
        var lengths = new int[rows];
        foreach (ref int length in lengths.AsSpan())
            length = Math.Max(2, bin.Shortest + (int)random.NextInteger(bin.Longest - bin.Shortest + 1));
        int T = lengths.Max();
        float[] vectors = new float[rows * T * Inputs], targets = new float[rows];
        for (int b = 0; b < rows; b++)
            targets[b] = DrawRow(ref random, vectors.AsSpan(b * T * Inputs, lengths[b] * Inputs));
        return new VectorBatch(rows, vectors, lengths, targets);
    }

    private static float DrawRow(ref RandomSource random, Span<float> row)
    {
        float nearest = float.PositiveInfinity, answer = 0;
        for (int i = 0; i < row.Length; i += Inputs)
        {
            (row[i], row[i + 1]) = ((float)((2 * random.NextDouble()) - 1), (float)((2 * random.NextDouble()) - 1));
            if (i == 0)
            {
                row[3] = 1;
                continue;
            }
            row[i + 2] = (float)random.NextDouble();
            float x = row[i] - row[0], y = row[i + 1] - row[1], distance = (x * x) + (y * y);
            if (distance < nearest)
                (nearest, answer) = (distance, row[i + 2]);
        }
        return answer;
    }
}
