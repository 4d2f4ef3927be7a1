using System.Text.Json;

namespace XLstm.Cli.Plotting;

/// <summary>Losses over the steps of a run, in nats per token; of a long run, means over several steps, so that memory has a limit.</summary>
internal sealed class LossCurve
{
    private readonly Series _training = new(), _validation = new();

    public IReadOnlyList<(double Step, double Loss)> Training => _training.Points;

    public IReadOnlyList<(double Step, double Loss)> Validation => _validation.Points;

    public void AddTraining(long step, double loss) => _training.Add(step, loss);

    public void AddValidation(long step, double loss) => _validation.Add(step, loss);

    /// <summary>The curve of the steps before <paramref name="limit"/> in a log of JSON lines; lines that cannot be read are left out.</summary>
    public static LossCurve Read(string log, long limit)
    {
        var curve = new LossCurve();
        foreach (string line in File.Exists(log) ? File.ReadLines(log) : [])
        {
            try
            {
                using JsonDocument entry = JsonDocument.Parse(line);
                long step = entry.RootElement.GetProperty("step").GetInt64();
                if (step >= limit)
                    break;
                curve.AddTraining(step + 1, entry.RootElement.GetProperty("loss").GetDouble());
                if (entry.RootElement.TryGetProperty("validation_loss", out JsonElement validation))
                    curve.AddValidation(step + 1, validation.GetDouble());
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                // A picture without one of its points is better than no run.
            }
        }
        return curve;
    }

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

    private sealed class Series
    {
        private const int MostPoints = 1 << 13;
        private int _stepsPerPoint = 1, _count;
        private double _step, _loss;

        public List<(double Step, double Loss)> Points { get; private set; } = [];

        public void Add(long step, double loss)
        {
            if (!double.IsFinite(loss))
                return;
            (_step, _loss, _count) = (_step + step, _loss + loss, _count + 1);
            if (_count < _stepsPerPoint)
                return;
            Points.Add((_step / _count, _loss / _count));
            (_step, _loss, _count) = (0, 0, 0);
            if (Points.Count < MostPoints)
                return;
            Points = Thinned(Points, MostPoints / 2);
            _stepsPerPoint *= 2;
        }
    }
}
