namespace XLstm.Experiments;

/// <summary>
/// A language as a task: sequences of every length of the setting alike, drawn anew in each step. The rows of a batch are sorted by
/// length and learned from in <see cref="Parts"/>, each padded to its own longest, so that little is computed for padding.
/// </summary>
internal sealed class FormalTask(FormalLanguage language, ExperimentSetting setting) : IExperimentTask
{
    // Few different lengths, as the buffers of every size that was ever used are kept.
    private const int MostParts = 4, EvaluationTokens = 1 << 14, LengthStep = 8;
    private const ulong ValidationSeed = 0x5EED, TestSeed = 0x7E57;

    public string Fingerprint => language.Version;

    public int Vocabulary => language.Vocabulary;

    public int Classes => language.Classes;

    public double? RandomAccuracy => language.RandomAccuracy;

    // Parts of one length only would cost time and save none.
    public int Parts { get; } = setting.LongestTraining > setting.ShortestTraining && setting.Batch % MostParts == 0 ? MostParts : 1;

    public IReadOnlyList<SequenceBatch> Draw(ulong seed, long step)
    {
        var random = new RandomSource(RandomSource.SeedFor(seed, $"batch {step}"));
        return Batches(ref random, setting.ShortestTraining, setting.LongestTraining, setting.Batch, setting.Batch / Parts, lastOnly: false);
    }

    public IEnumerable<SequenceBatch> Validation => Bins(ValidationSeed, Math.Max(1, setting.EvaluationRows / 4)).Select(b => b.Batch);

    public IEnumerable<(string Group, SequenceBatch Batch)> Test => Bins(TestSeed, setting.EvaluationRows);

    private IEnumerable<(string Group, SequenceBatch Batch)> Bins(ulong seed, int rows)
    {
        IReadOnlyList<LengthBin> bins = LengthBin.Of(setting);
        foreach (LengthBin bin in bins)
        {
            var random = new RandomSource(RandomSource.SeedFor(seed, bin.Name));
            foreach (SequenceBatch batch in Batches(ref random, bin.Shortest, bin.Longest, Math.Max(1, rows / bins.Count), Math.Max(1, EvaluationTokens / bin.Longest), language.LastCounts))
                yield return (bin.Name, batch);
        }
    }

    private List<TokenBatch> Batches(ref RandomSource random, int shortest, int longest, int rows, int rowsOfBatch, bool lastOnly)
    {
        var drawn = new (int[] Tokens, int[] Labels)[rows];
        for (int i = 0; i < rows; i++)
        {
            int length = Math.Max(shortest + (int)random.NextInteger(longest - shortest + 1), language.ShortestLength);
            int[] tokens = new int[length], labels = new int[length];
            labels.AsSpan().Fill(-1);
            int used = language.Draw(ref random, tokens, labels);
            Check(used, tokens, labels, lastOnly);
            if (lastOnly)
                labels.AsSpan(0, used - 1).Fill(-1);
            drawn[i] = (tokens[..used], labels[..used]);
        }
        return [.. drawn.OrderBy(r => r.Tokens.Length).Chunk(rowsOfBatch).Select(Batch)];
    }

    private void Check(int used, ReadOnlySpan<int> tokens, ReadOnlySpan<int> labels, bool lastOnly)
    {
        if (used < 1 || used > tokens.Length)
            throw new InvalidOperationException($"{language.Version}: a sequence of {used} tokens was drawn, expected 1 to {tokens.Length}.");
        for (int t = 0; t < used; t++)
        {
            if ((uint)tokens[t] >= (uint)language.Vocabulary)
                throw new InvalidOperationException($"{language.Version}: the token {tokens[t]} was drawn, expected 0 to {language.Vocabulary - 1}.");
            if (labels[t] < -1 || labels[t] >= language.Classes)
                throw new InvalidOperationException($"{language.Version}: the label {labels[t]} was drawn, expected 0 to {language.Classes - 1}, or -1 for none.");
        }
        if (labels[(lastOnly ? used - 1 : 0)..used].IndexOfAnyExcept(-1) < 0)
            throw new InvalidOperationException($"{language.Version}: a sequence of {used} tokens has no label{(lastOnly ? " at the last of them, which is what counts" : "")}.");
    }

    private static TokenBatch Batch((int[] Tokens, int[] Labels)[] rows)
    {
        int T = (rows[^1].Tokens.Length + LengthStep - 1) / LengthStep * LengthStep;
        int[] tokens = new int[rows.Length * T], labels = new int[rows.Length * T];
        labels.AsSpan().Fill(-1);
        for (int b = 0; b < rows.Length; b++)
        {
            rows[b].Tokens.CopyTo(tokens, b * T);
            rows[b].Labels.CopyTo(labels, b * T);
        }
        return new TokenBatch(rows.Length, tokens, labels);
    }
}
