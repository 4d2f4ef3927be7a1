using XLstm.Kernels;

namespace XLstm.Tests;

public sealed class WeightMatrixTests
{
    public static TheoryData<WeightFormat> Formats => [.. Enum.GetValues<WeightFormat>()];

    /// <summary>The product with the numbers that the rows read as: that of floats, but for x in whole numbers.</summary>
    [Theory]
    [MemberData(nameof(Formats))]
    public void AProductIsThatOfItsRows(WeightFormat format)
    {
        const int outputs = 150, inputs = 700;
        WeightMatrix matrix = Matrix(format, outputs, inputs);
        var floats = new Parameter("w", new Shape(outputs, inputs));
        for (int o = 0; o < outputs; o++)
            matrix.ReadRow(o, floats.Span.Slice(o * inputs, inputs));
        foreach (int rows in (int[])[1, 3, 4, 5, 130])
        {
            using var pass = new Pass(new PassOptions(Threads: 3));
            Tensor x = pass.Rent(new Shape(rows, inputs), Normal(7, rows * inputs));
            var bias = new Parameter("b", new Shape(outputs));
            Normal(8, outputs).CopyTo(bias.Span);
            Tensor expected = Ops.Linear(pass, x, floats, bias), actual = Ops.Linear(pass, x, matrix, bias);
            if (!QuantizedWeights.IsQuantized(format))
            {
                Numbers.SameBits($"{format} {rows}", expected.Span, actual.Span);
                continue;
            }
            double error = 0, size = 0;
            for (int i = 0; i < expected.Length; i++)
            {
                error += Math.Pow(actual.Span[i] - expected.Span[i], 2);
                size += Math.Pow(expected.Span[i], 2);
            }
            Assert.InRange(Math.Sqrt(error / size), 0, format == WeightFormat.Q4 ? 0.006 : 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void SomeRowsAreThoseOfTheWhole(WeightFormat format)
    {
        const int outputs = 75, inputs = 90, from = 32, count = 41;
        WeightMatrix matrix = Matrix(format, outputs, inputs), part = matrix.Rows(from, count);
        Assert.Equal((count, inputs, format), (part.Outputs, part.Inputs, part.Format));
        foreach (int rows in (int[])[1, 6])
        {
            using var pass = new Pass(new PassOptions(Threads: 2));
            Tensor x = pass.Rent(new Shape(2, rows, inputs), Normal(7, 2 * rows * inputs)), whole = Ops.Linear(pass, x, matrix);
            var bias = new Parameter("b", new Shape(outputs));
            Tensor seen = Ops.Linear(pass, x, part), cut = Ops.Linear(pass, x, matrix, bias, from, count);
            Assert.Equal(new Shape(2, rows, count), seen.Shape);
            for (int i = 0; i < 2 * rows; i++)
            {
                Numbers.SameBits("view", whole.Span.Slice(i * outputs + from, count), seen.Span.Slice(i * count, count));
                Numbers.SameBits("rows", whole.Span.Slice(i * outputs + from, count), cut.Span.Slice(i * count, count));
            }
        }
        float[] a = new float[inputs], b = new float[inputs];
        matrix.ReadRow(from + 3, a);
        part.ReadRow(3, b);
        Assert.Equal(a, b);
    }

    /// <summary>A row is computed to the same bits whatever stands beside it, and on any number of threads.</summary>
    [Theory]
    [InlineData(WeightFormat.Q8)]
    [InlineData(WeightFormat.Q4)]
    public void ABatchIsEachRowAlone(WeightFormat format)
    {
        const int outputs = 300, inputs = 2100, rows = 70;
        WeightMatrix matrix = Matrix(format, outputs, inputs);
        using Pass one = new(new PassOptions(Threads: 1)), three = new(new PassOptions(Threads: 3));
        float[] x = Normal(7, rows * inputs);
        Tensor together = Ops.Linear(three, three.Rent(new Shape(rows, inputs), x), matrix);
        for (int i = 0; i < rows; i++)
        {
            Tensor alone = Ops.Linear(one, one.Rent(new Shape(1, inputs), x.AsSpan(i * inputs, inputs)), matrix);
            Numbers.SameBits($"row {i}", alone.Span, together.Span.Slice(i * outputs, outputs));
            one.Reset();
        }
    }

    /// <summary>Arranged for products: the sums of the parameter's product, of any rows and columns, and a row's do not depend on the rows beside it.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(40, 5)]
    [InlineData(75, 90)]
    [InlineData(512, 700)]
    public void PackedItIsTheSameMatrix(int outputs, int inputs)
    {
        var parameter = new Parameter("w", new Shape(outputs, inputs));
        Normal(3, outputs * inputs).CopyTo(parameter.Span);
        WeightMatrix packed = WeightMatrix.Pack("w", outputs, inputs, parameter.Span);
        var bias = new Parameter("b", new Shape(outputs));
        Normal(8, outputs).CopyTo(bias.Span);
        const int most = 150;
        using Pass two = new(new PassOptions(Threads: 2)), one = new(new PassOptions(Threads: 1));
        Tensor x = two.Rent(new Shape(most, inputs), Normal(7, most * inputs)), whole = Ops.Linear(two, x, parameter, bias);
        foreach (int rows in (int[])[1, 2, 4, 5, 64, 65, most])
        {
            Tensor some = one.Rent(new Shape(rows, inputs), x.Span[..(rows * inputs)]);
            Numbers.SameBits($"{rows}", whole.Span[..(rows * outputs)], Ops.Linear(one, some, packed, bias).Span);
            Numbers.SameBits($"{rows} on two threads", whole.Span[..(rows * outputs)], Ops.Linear(two, some, packed, bias).Span);
            foreach ((int from, int count) in (ReadOnlySpan<(int, int)>)[(0, outputs), (outputs / 2, outputs - outputs / 2), (0, (outputs + 1) / 2), (outputs / 64 * 32, 1), (outputs - 1, 1)])
            {
                ReadOnlySpan<float> part = Ops.Linear(one, some, packed, bias, from, count).Span;
                for (int i = 0; i < rows; i++)
                    Numbers.SameBits($"{rows}, outputs {from} to {from + count}", whole.Span.Slice(i * outputs + from, count), part.Slice(i * count, count));
            }
        }
        Assert.Throws<NotSupportedException>(() => packed.ReadRow(0, new float[inputs]));
    }

    /// <summary>A model that was arranged to be run gives what the trained one gives, and stays as it was when that is trained on.</summary>
    [Fact]
    public void AnArrangedModelIsTheTrainedOneAtThatTime()
    {
        var trained = new ParameterSet(3);
        XLstmStackConfig config = new(2, 24, new MLstmBlockConfig(new MLstmLayerConfig(2, ProjFactor: 1.3)), new SLstmBlockConfig(new SLstmLayerConfig(2), new FeedForwardConfig()), [1]);
        var stack = new XLstmStack(trained.Root, config);
        ParameterSet arranged = ParameterSet.Arrange(trained);
        var runs = new XLstmStack(arranged.Root, config);
        Assert.Equal(trained.ElementCount, arranged.ElementCount);
        using var pass = new Pass();
        Tensor x = TestModels.Input(2, 9, D: 24);
        float[] before = stack.Forward(x, null, pass).Output.Span.ToArray();
        Numbers.Close("arranged", before, runs.Forward(x, null, pass).Output.Span);
        foreach (Parameter parameter in trained.Where(p => p.Name.EndsWith("proj_down.weight", StringComparison.Ordinal)))
            parameter.Span.Clear();
        Numbers.Close("later", before, runs.Forward(x, null, pass).Output.Span);
        Assert.NotEqual(before, stack.Forward(x, null, pass).Output.Span.ToArray());
    }

    [Fact]
    public void NoGradientPasses()
    {
        WeightMatrix matrix = Matrix(WeightFormat.F32, 16, 32);
        using var pass = new Pass(new PassOptions(Record: true));
        Assert.Contains("w F32 [16, 32] is for inference only", Assert.Throws<InvalidOperationException>(() => Ops.Linear(pass, new Tensor(new Shape(1, 32)), matrix)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => Ops.Embed(pass, [1], 1, matrix));
    }

    [Fact]
    public void WrongArgumentsAreNamed()
    {
        WeightMatrix matrix = Matrix(WeightFormat.Q4, 40, 32);
        using var pass = new Pass();
        Assert.Equal("bytes", Assert.Throws<ArgumentException>(() => new WeightMatrix("w", WeightFormat.Q4, 17, 32, new byte[288])).ParamName);
        Assert.Equal("bytes", Assert.Throws<ArgumentException>(() => new WeightMatrix("w", WeightFormat.BF16, int.MaxValue, int.MaxValue, new byte[288])).ParamName);
        Assert.Equal("x", Assert.Throws<ArgumentException>(() => Ops.Linear(pass, new Tensor(new Shape(2, 33)), matrix)).ParamName);
        Assert.Equal("from", Assert.Throws<ArgumentException>(() => matrix.Rows(8, 16)).ParamName);
        Assert.Equal("from", Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Rows(16, 25)).ParamName);
        Assert.Equal("row", Assert.Throws<ArgumentOutOfRangeException>(() => matrix.ReadRow(40, new float[32])).ParamName);
        Assert.Equal("values", Assert.Throws<ArgumentException>(() => matrix.ReadRow(0, new float[31])).ParamName);
        Assert.Equal("tokens", Assert.Throws<ArgumentOutOfRangeException>(() => Ops.Embed(pass, [40], 1, matrix)).ParamName);
        Assert.Equal("values", Assert.Throws<ArgumentException>(() => WeightMatrix.Encode("w", WeightFormat.Q4, 2, 3, new float[5])).ParamName);
    }

    private static WeightMatrix Matrix(WeightFormat format, int outputs, int inputs) =>
        WeightMatrix.Encode("w", format, outputs, inputs, Normal(3, outputs * inputs));

    private static float[] Normal(ulong seed, int count)
    {
        var random = new RandomSource(seed);
        var values = new float[count];
        foreach (ref float value in values.AsSpan())
            value = (float)random.NextNormal();
        return values;
    }
}
