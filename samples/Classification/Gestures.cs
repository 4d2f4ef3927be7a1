using XLstm.Classification;

namespace XLstm.Samples.Classification;

/// <summary>What a hand draws into the air, as two noisy sensors see it: shorter and longer, faster and slower, with values that were lost.</summary>
internal static class Gestures
{
    private const double LostValues = 0.1, Noise = 0.2;

    public static (IReadOnlyList<TimeSeries> Series, IReadOnlyList<string> Labels, IReadOnlyList<double[]> Turns) Draw(int count, int seed)
    {
        var random = new Random(seed);
        var series = new List<TimeSeries>();
        var labels = new List<string>();
        var turns = new List<double[]>();
        for (int i = 0; i < count; i++)
        {
            string label = (i % 3) switch { 0 => "circle", 1 => "circle, backwards", _ => "eight" };
            double turn = 1 + 2 * random.NextDouble();
            labels.Add(label);
            turns.Add([turn]);
            series.Add(Gesture(label, turn, random.Next(40, 90), random));
        }
        return (series, labels, turns);
    }

    private static TimeSeries Gesture(string label, double turns, int length, Random random)
    {
        double[] x = new double[length], y = new double[length];
        double start = 2 * Math.PI * random.NextDouble(), size = 0.5 + random.NextDouble();
        for (int t = 0; t < length; t++)
        {
            double angle = start + 2 * Math.PI * turns * t / length;
            x[t] = Sensor(size * Math.Cos(angle));
            y[t] = Sensor(size * (label switch { "circle" => Math.Sin(angle), "eight" => Math.Sin(2 * angle), _ => -Math.Sin(angle) }));
        }
        return new TimeSeries(x, y);

        double Sensor(double value) => random.NextDouble() < LostValues ? double.NaN : value + Noise * (random.NextDouble() - 0.5);
    }
}
