namespace XLstm.Classification;

/// <summary>Series as patches [rows, most patches, F], and the patches of each.</summary>
internal sealed record SequenceBatch(Tensor Patches, int[]? Lengths)
{
    public static SequenceBatch Of(SequenceEncoding encoding, IReadOnlyList<TimeSeries> series)
    {
        int[] lengths = [.. series.Select(s => encoding.Patches(s.Length))];
        int T = lengths.Max(), F = encoding.Features;
        var patches = new Tensor(new Shape(series.Count, T, F));
        for (int b = 0; b < lengths.Length; b++)
            encoding.Encode(series[b], patches.Span.Slice(b * T * F, T * F));
        return new SequenceBatch(patches, lengths.All(n => n == T) ? null : lengths);
    }
}
