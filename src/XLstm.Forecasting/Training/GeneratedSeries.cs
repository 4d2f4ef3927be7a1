namespace XLstm.Forecasting;

/// <summary>Series of the <see cref="SeriesGenerator"/>, new ones in every step.</summary>
internal sealed class GeneratedSeries(PatchNetworkConfig config, ulong seed, int batchTokens) : IForecastSource
{
    private const int ValidationBatches = 40;
    private const ulong ValidationSeed = 0x5EED;
    private static readonly (double Weight, int Tokens)[] s_lengths = [(0.10, 1), (0.14, 2), (0.16, 4), (0.18, 8), (0.18, 16), (0.13, 32), (0.11, 64)];

    // Changes with what is generated, or how it is read: a run must not go on with other series.
    public string Fingerprint => "generated series 1";

    public IEnumerable<ForecastBatch> Validation => Enumerable.Range(0, ValidationBatches).Select(i => Draw(ValidationSeed, i));

    public ForecastBatch Draw(long step) => Draw(seed, step);

    private ForecastBatch Draw(ulong seed, long step)
    {
        var random = new RandomSource(RandomSource.SeedFor(seed, $"batch {step}"));
        int T = s_lengths[^1].Tokens;
        double at = random.NextDouble();
        foreach ((double weight, int tokens) in s_lengths)
            if ((at -= weight) < 0)
            {
                T = tokens;
                break;
            }
        var batch = new ForecastBatch(config, Math.Clamp(batchTokens / T, 1, 512), T);
        ulong rows = random.NextBits();
        Parallel.For(0, batch.Rows, b => DrawRow(batch, b, new RandomSource(rows + (ulong)b).NextBits()));
        return batch;
    }

    private void DrawRow(ForecastBatch batch, int b, ulong seed)
    {
        int P = config.Patch, T = batch.Tokens;
        var random = new RandomSource(seed);
        // The first patch may be partly before the start of the series.
        int absent = (int)random.NextInteger(P - 2), length = (T * P) - absent;
        (double[] series, int season) = SeriesGenerator.Draw(length + config.Outputs, random.NextBits());
        // What is known about the series comes from its beginning only; patches after that are forecast with the same scale.
        int known = T == 1 ? 1 : 1 + (int)random.NextInteger(T);
        if (random.NextDouble() < 0.4)
            known = T;
        int given = random.NextDouble() switch { < 0.5 => season, < 0.55 => 1, _ => 0 };
        // A stretch of whole patches that is missing, after which the series may go on: long horizons are forecast so.
        double[] read = series;
        if (T > 4 && random.NextDouble() < 0.15)
        {
            read = [.. series];
            int from = known + (int)random.NextInteger(T), count = 1 + (int)random.NextInteger(Math.Max(1, T / 2));
            for (int i = (from * P) - absent; i < Math.Min(((from + count) * P) - absent, length); i++)
                read[i] = double.NaN;
        }
        batch.Read(b, read, series, length, known, given);
    }
}
