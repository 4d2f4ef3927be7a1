namespace XLstm.Samples.MLNet;

/// <summary>A series of a known kind.</summary>
internal sealed class Shape
{
    public float[] Values { get; set; } = [];

    public string Label { get; set; } = "";
}

/// <summary>Generated series of three kinds, of different lengths.</summary>
internal static class Shapes
{
    public static IReadOnlyList<Shape> Draw(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => new Shape { Label = Kind(i), Values = Values(Kind(i), random.Next(50, 100), random) })];
    }

    private static string Kind(int i) => (i % 3) switch { 0 => "season", 1 => "steps", _ => "noise" };

    private static float[] Values(string kind, int length, Random random)
    {
        int period = random.Next(6, 14);
        return [.. Enumerable.Range(0, length).Select(t => random.NextSingle() + (kind switch
        {
            "season" => 2 * MathF.Sin(2 * MathF.PI * t / period),
            "steps" => 3 * (t / period % 2),
            _ => 0,
        }))];
    }
}
