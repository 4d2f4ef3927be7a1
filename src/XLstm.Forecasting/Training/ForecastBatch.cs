namespace XLstm.Forecasting;

/// <summary>A batch of generated series, as features and targets of every patch.</summary>
internal sealed record ForecastBatch(int Rows, int Tokens, float[] Features, float[] Targets)
{
    private static readonly (double Weight, int Tokens)[] s_lengths = [(0.10, 1), (0.14, 2), (0.16, 4), (0.18, 8), (0.18, 16), (0.13, 32), (0.11, 64)];

    /// <summary>Batch <paramref name="step"/> of the training with <paramref name="seed"/>.</summary>
    public static ForecastBatch Draw(PatchNetworkConfig config, ulong seed, long step, int tokensOfBatch)
    {
        int P = config.Patch, H = config.Outputs, F = PatchReader.FeatureCount(P, H);
        var random = new RandomSource(RandomSource.SeedFor(seed, $"batch {step}"));
        int T = s_lengths[^1].Tokens;
        double at = random.NextDouble();
        foreach ((double weight, int tokens) in s_lengths)
            if ((at -= weight) < 0)
            {
                T = tokens;
                break;
            }
        int B = Math.Clamp(tokensOfBatch / T, 1, 512);
        float[] features = new float[B * T * F], targets = new float[B * T * H];
        Array.Fill(targets, float.NaN);
        ulong rows = random.NextBits();
        Parallel.For(0, B, b => DrawRow(config, T, new RandomSource(rows + (ulong)b).NextBits(), features.AsSpan(b * T * F, T * F), targets.AsSpan(b * T * H, T * H)));
        return new ForecastBatch(B, T, features, targets);
    }

    private static void DrawRow(PatchNetworkConfig config, int T, ulong seed, Span<float> features, Span<float> targets)
    {
        int P = config.Patch, H = config.Outputs, F = PatchReader.FeatureCount(P, H);
        var random = new RandomSource(seed);
        // The first patch may be partly before the start of the series.
        int absent = (int)random.NextInteger(P - 2), length = (T * P) - absent;
        (double[] series, int season) = SeriesGenerator.Draw(length + H, random.NextBits());
        // What is known about the series comes from its beginning only; patches after that are forecast with the same scale.
        int known = T == 1 ? 1 : 1 + (int)random.NextInteger(T);
        if (random.NextDouble() < 0.4)
            known = T;
        Span<double> seen = series.AsSpan(0, (known * P) - absent);
        int given = random.NextDouble() switch { < 0.5 => season, < 0.55 => 1, _ => 0 };
        SeriesScale scale = SeriesScale.Of(seen, given);
        // A stretch of whole patches that is missing, after which the series may go on: long horizons are forecast so.
        double[] read = series;
        if (T > 4 && random.NextDouble() < 0.15)
        {
            read = [.. series];
            int from = known + (int)random.NextInteger(T), count = 1 + (int)random.NextInteger(Math.Max(1, T / 2));
            for (int i = (from * P) - absent; i < Math.Min(((from + count) * P) - absent, length); i++)
                read[i] = double.NaN;
        }
        for (int t = 0; t < T; t++)
        {
            int end = ((t + 1) * P) - absent;
            double anchor = PatchReader.Read(read, end, scale, P, H, features.Slice(t * F, F));
            if (t < known - 1)
                continue;
            for (int h = 0; h < H; h++)
                targets[(t * H) + h] = SeriesScale.Compress((series[end + h] - anchor) / scale.Unit);
        }
    }
}
