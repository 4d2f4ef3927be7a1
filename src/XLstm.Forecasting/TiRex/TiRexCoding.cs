namespace XLstm.Forecasting;

/// <summary>A series as a <see cref="TiRexModel"/> reads it.</summary>
internal sealed class TiRexCoding(TiRexScale scale, int patch) : SeriesCoding
{
    public override void Read(ReadOnlySpan<double> values, int end, Span<float> token)
    {
        // Values before the first are missing: 0, with mask 0.
        int before = Math.Clamp(patch - end, 0, patch);
        token.Clear();
        scale.Read(values[Math.Max(0, end - patch)..end], token[before..patch], token[(patch + before)..]);
    }

    public override void Write(ReadOnlySpan<double> values, ReadOnlySpan<float> outputs, int from, double[][] quantiles)
    {
        for (int q = 0; q < quantiles.Length; q++)
            for (int h = 0; h < Math.Min(patch, quantiles[q].Length - from); h++)
                quantiles[q][from + h] = scale.Loc + (scale.Scale * outputs[(q * patch) + h]);
    }
}
