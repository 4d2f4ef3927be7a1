using System.Diagnostics;

namespace XLstm.Experiments;

/// <summary>
/// What reading a text costs by its length: the claim is that xLSTM takes the same time for each token and the same memory for a state,
/// however long the text (arXiv 2405.04517, section 2.4 and the figure on generation times). Attention compares each token with all before it, and keeps them.
/// </summary>
public static class LengthCost
{
    private const int Vocabulary = 256;

    /// <summary>The sizes that are compared on a laptop.</summary>
    public static ExperimentSetting Laptop { get; } = new("laptop", 1, Width: 256, Blocks: 4, Heads: 4, LongestEvaluation: 16384, ShortestEvaluation: 512, SlstmConvolution: 4, SlstmRecurrentInit: "zeros");

    /// <summary>The models that are compared unless others are asked for.</summary>
    public static IReadOnlyList<string> Models { get; } = ["1:1", "1:0", "lstm", "transformer"];

    /// <summary>
    /// Reads a text of random tokens with each model, new weights, at every length from the setting's shortest to its longest evaluation, doubling; only the last token gets logits.
    /// Rounds are measured in turn, so that what disturbs the machine disturbs all models alike.
    /// </summary>
    /// <param name="models">Patterns of blocks such as "1:1", or baselines.</param>
    /// <param name="setting">Sizes and lengths.</param>
    /// <param name="rounds">Measurements of which the median counts; one more warms up.</param>
    /// <param name="threads">0 for one per processor.</param>
    /// <param name="measured">Is told of each point, or null.</param>
    /// <param name="cancellation">Looked at between operations.</param>
    /// <exception cref="ArgumentException">There is no such model, or the setting cannot be.</exception>
    public static LengthCostReport Measure(
        IReadOnlyList<string> models, ExperimentSetting setting, int rounds = 5, int threads = 0, Action<string, LengthCostPoint>? measured = null, CancellationToken cancellation = default)
    {
        setting.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        using var pass = new Pass(new PassOptions(Threads: threads)) { Cancellation = cancellation };
        TokenModel[] made = [.. models.Select(m => ExperimentModels.Create(m, new ParameterSet(1), setting, Vocabulary, Vocabulary))];
        List<LengthCostPoint>[] points = [.. models.Select(_ => new List<LengthCostPoint>())];
        for (int T = setting.ShortestEvaluation; T <= setting.LongestEvaluation; T *= 2)
        {
            var random = new RandomSource((ulong)T);
            int[] tokens = new int[T];
            foreach (ref int token in tokens.AsSpan())
                token = (int)random.NextInteger(Vocabulary);
            var times = new double[models.Count, rounds + 1];
            for (int round = 0; round <= rounds; round++)
                for (int m = 0; m < made.Length; m++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    long start = Stopwatch.GetTimestamp();
                    made[m].Logits(tokens, 1, [T - 1], pass);
                    times[m, round] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                    pass.Reset();
                }
            for (int m = 0; m < made.Length; m++)
            {
                double[] sorted = [.. Enumerable.Range(1, rounds).Select(r => times[m, r]).Order()];
                points[m].Add(new LengthCostPoint(T, Math.Round(sorted[rounds / 2], 2), made[m].StateBytes(T)));
                measured?.Invoke(models[m], points[m][^1]);
            }
        }
        return new LengthCostReport(setting, pass.Options.Threads, [.. models.Select((m, i) => new LengthCostResult(m, made[i].Parameters.ElementCount, points[i]))]);
    }
}
