namespace XLstm.Benchmarks.Comparison;

/// <summary>Normal random numbers, the same every time.</summary>
internal static class Numbers
{
    public static Tensor Tensor(params ReadOnlySpan<int> shape)
    {
        int length = 1;
        foreach (int size in shape)
            length *= size;
        return new Tensor(Shape(shape), Floats(length));
    }

    public static float[] Floats(int length, float scale = 1f)
    {
        var random = new Random(length);
        var values = new float[length];
        for (int i = 0; i < length; i++)
            values[i] = scale * (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return values;
    }

    public static int[] Tokens(int count, int vocabulary)
    {
        var random = new Random(count);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
    }

    private static Shape Shape(ReadOnlySpan<int> sizes) => sizes switch
    {
        [var a] => new Shape(a),
        [var a, var b] => new Shape(a, b),
        [var a, var b, var c] => new Shape(a, b, c),
        _ => throw new ArgumentException("One to three sizes.", nameof(sizes)),
    };
}
