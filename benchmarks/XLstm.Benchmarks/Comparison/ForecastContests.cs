using System.Globalization;
using System.Text.Json;
using XLstm.Forecasting;

namespace XLstm.Benchmarks.Comparison;

/// <summary>Forecasts of 32 steps by a model of the published size of TiRex, 35.3 M parameters at random, beside the reference's package.</summary>
internal static class ForecastContests
{
    private const int Steps = 32;

    public static IEnumerable<Contest> All(IReadOnlyList<int> threads, PythonPeers peers)
    {
        int most = threads.Max();
        foreach (bool asItComes in new HashSet<bool> { most > 1, false })
        {
            yield return TiRex(1, 2048, most, 20, peers, asItComes);
            yield return TiRex(1, 256, most, 100, peers, asItComes);
            yield return TiRex(16, 2048, most, 10, peers, asItComes);
        }
    }

    private static Contest TiRex(int batch, int length, int threads, double times, PythonPeers peers, bool asItComes) => new(
        $"forecasting/{batch} of {length}{(asItComes ? ", PyTorch as it comes" : "")}",
        string.Create(CultureInfo.InvariantCulture, $"TiRex, 35.3 M parameters, {batch} of {length:N0} values, {Steps} steps{(asItComes ? ", beside PyTorch as it comes" : "")}"), threads, "ms",
        new Target(1 / times, AtLeast: false), () =>
        {
            var forecaster = new TiRexForecaster(new TiRexModel(new TiRexConfig()), threads: threads);
            double[][] series = [.. Enumerable.Range(1, batch).Select(i => Walk(length, i))];
            return new Sides(Sides.Milliseconds(() => forecaster.Forecast(series, Steps)))
            {
                Peers = peers.For(
                    threads, about => about.GetProperty("tirex").ValueKind == JsonValueKind.String,
                    about => $"TiRex {about.GetProperty("tirex").GetString()}, PyTorch {about.GetProperty("torch").GetString()}",
                    new { @case = "tirex_forecast", batch, time = length, steps = Steps }, seconds => 1e3 * seconds, asItComes),
            };
        });

    private static double[] Walk(int length, int seed)
    {
        var random = new Random(seed);
        double at = 0;
        return [.. Enumerable.Range(0, length).Select(_ => at += random.NextDouble() - 0.5)];
    }
}
