using Microsoft.ML.Data;

namespace XLstm.Extensions.ML.Tests;

internal sealed class Sale
{
    public float Value { get; set; }

    public string Shop { get; set; } = "";
}

internal sealed class Shop
{
    public float[] Sales { get; set; } = [];

    public string Name { get; set; } = "";
}

internal sealed class Outlook
{
    public float[] Forecast { get; set; } = [];

    [NoColumn]
    public float First => Forecast[0];
}

/// <summary>Series that are alike in nothing.</summary>
internal static class Rows
{
    public static float[] Season(int length, int period = 12, float level = 100) =>
        [.. Enumerable.Range(0, length).Select(t => level + (t / 4f) + (20 * MathF.Sin(2 * MathF.PI * t / period)))];

    public static float[] Noise(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.NextSingle())];
    }

    public static double[] Doubles(float[] values) => [.. values.Select(v => (double)v)];

    public static float[] Singles(ReadOnlySpan<double> values)
    {
        var singles = new float[values.Length];
        for (int i = 0; i < singles.Length; i++)
            singles[i] = (float)values[i];
        return singles;
    }
}
