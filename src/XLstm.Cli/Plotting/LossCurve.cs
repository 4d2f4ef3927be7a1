namespace XLstm.Cli.Plotting;

/// <summary>Losses over the steps of a run, in nats per token.</summary>
internal sealed class LossCurve
{
    private readonly List<(double Step, double Loss)> _training = [], _validation = [];

    public IReadOnlyList<(double Step, double Loss)> Training => _training;

    public IReadOnlyList<(double Step, double Loss)> Validation => _validation;

    public void AddTraining(long step, double loss) => Add(_training, step, loss);

    public void AddValidation(long step, double loss) => Add(_validation, step, loss);

    /// <summary>Means over at most <paramref name="buckets"/> stretches of equal length: what can be seen of a long, noisy curve.</summary>
    public static List<(double Step, double Loss)> Thinned(IReadOnlyList<(double Step, double Loss)> points, int buckets)
    {
        var thinned = new List<(double, double)>();
        int per = (points.Count + buckets - 1) / buckets;
        for (int i = 0; i < points.Count; i += per)
        {
            int end = Math.Min(points.Count, i + per);
            double step = 0, loss = 0;
            for (int j = i; j < end; j++)
                (step, loss) = (step + points[j].Step, loss + points[j].Loss);
            thinned.Add((step / (end - i), loss / (end - i)));
        }
        return thinned;
    }

    private static void Add(List<(double, double)> points, long step, double loss)
    {
        if (double.IsFinite(loss))
            points.Add((step, loss));
    }
}
