using System.Globalization;

namespace XLstm.Experiments;

/// <summary>
/// The next token of a text. A batch has windows from anywhere in the training part; measured are all windows of the other parts, side by side, each
/// read from its own start. Test windows double in length from the setting's shortest to its longest.
/// </summary>
internal sealed class TextTask : IExperimentTask
{
    // Logits of an evaluation, and tokens of it.
    private const int MostLogits = 1 << 26, MostTokens = 1 << 14;

    private readonly TextCorpus _corpus;
    private readonly ExperimentSetting _setting;

    /// <exception cref="InvalidDataException">The text is shorter than a window.</exception>
    public TextTask(TextCorpus corpus, ExperimentSetting setting)
    {
        if (corpus.Training.Length <= setting.LongestTraining)
            throw new InvalidDataException($"{corpus.Source}: {corpus.Training.Length} tokens to learn from are less than a window of {setting.LongestTraining} and one more.");
        if (Measured(corpus).Length <= setting.LongestEvaluation)
            throw new InvalidDataException($"{corpus.Source}: {Measured(corpus).Length} tokens to measure on are less than a window of {setting.LongestEvaluation} and one more.");
        (_corpus, _setting, Fingerprint) = (corpus, setting, corpus.Fingerprint());
    }

    public string Fingerprint { get; }

    public int Vocabulary => _corpus.Vocabulary;

    public int Classes => _corpus.Vocabulary;

    public double? RandomAccuracy => null;

    public int Parts => 1;

    public IReadOnlyList<SequenceBatch> Draw(ulong seed, long step)
    {
        var random = new RandomSource(RandomSource.SeedFor(seed, $"batch {step}"));
        int T = _setting.LongestTraining;
        int[] starts = new int[_setting.Batch];
        foreach (ref int start in starts.AsSpan())
            start = (int)random.NextInteger(_corpus.Training.Length - T);
        return [Windows(_corpus.Training, starts, T)];
    }

    public IEnumerable<SequenceBatch> Validation => Cover(_corpus.Validation, _setting.LongestTraining);

    public IEnumerable<(string Group, SequenceBatch Batch)> Test
    {
        get
        {
            for (int T = _setting.ShortestEvaluation; T <= _setting.LongestEvaluation; T *= 2)
                foreach (SequenceBatch batch in Cover(Measured(_corpus), T))
                    yield return (T.ToString(CultureInfo.InvariantCulture), batch);
        }
    }

    private static int[] Measured(TextCorpus corpus) => corpus.Test.Length > 0 ? corpus.Test : corpus.Validation;

    private IEnumerable<SequenceBatch> Cover(int[] part, int T)
    {
        int rows = Math.Max(1, Math.Min(MostTokens, MostLogits / _corpus.Vocabulary) / T);
        for (int from = 0; from + 1 < part.Length;)
        {
            int whole = Math.Min(rows, (part.Length - 1 - from) / T), length = T;
            if (whole == 0)
                (whole, length) = (1, part.Length - 1 - from);
            yield return Windows(part, [.. Enumerable.Range(0, whole).Select(i => from + i * length)], length);
            from += whole * length;
        }
    }

    private static TokenBatch Windows(int[] part, int[] starts, int T)
    {
        int[] tokens = new int[starts.Length * T], labels = new int[tokens.Length];
        for (int b = 0; b < starts.Length; b++)
        {
            part.AsSpan(starts[b], T).CopyTo(tokens.AsSpan(b * T));
            part.AsSpan(starts[b] + 1, T).CopyTo(labels.AsSpan(b * T));
        }
        return new TokenBatch(starts.Length, tokens, labels);
    }
}
