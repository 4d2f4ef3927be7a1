using System.Globalization;
using XLstm.Golden;

namespace XLstm.Forecasting.Tests.TiRex;

public sealed class TiRexGoldenTests
{
    private static readonly GoldenCase s_golden = new("tirex/tirex_small");
    private static readonly TiRexModel s_model = Load();

    /// <summary>Every recorded forecast: context, horizon, patches of one window.</summary>
    public static TheoryData<string, int, int> Forecasts => new(s_golden.TensorNames
        .Select(n => n.Split('.'))
        .Where(n => n is ["f64", "forecast", _, ['h', ..], ['r', ..], "quantiles"])
        .Select(n => (n[2], int.Parse(n[3].AsSpan(1), CultureInfo.InvariantCulture), int.Parse(n[4].AsSpan(1), CultureInfo.InvariantCulture))));

    [Fact]
    public void Cell()
    {
        using var pass = new Pass();
        var x = pass.Rent(new Shape(2, 7, 128), s_golden.Floats("in.cell.x"));
        SLstmCell cell = s_model.Block(0).Cell;
        (Tensor y, Tensor state) = cell.Forward(x, null, pass);
        s_golden.AssertClose("cell_zero.y", HeadsFirst(y, cell.Heads));
        s_golden.AssertClose("cell_zero.state", state.Span);
        (y, state) = cell.Forward(x, pass.Rent(new Shape(4, 2, 32), s_golden.Floats("in.cell.state")), pass);
        s_golden.AssertClose("cell_init.y", HeadsFirst(y, cell.Heads));
        s_golden.AssertClose("cell_init.state", state.Span);
    }

    [Fact]
    public void Network()
    {
        using var pass = new Pass();
        Tensor x = pass.Rent(new Shape(3, 6, 16), s_golden.Floats("in.forward.x"));
        s_golden.AssertClose("forward.out", s_model.Forward(x, null, pass).Quantiles.Span);
        IReadOnlyList<Tensor> hidden = s_model.Layers(x, null, pass);
        var interleaved = new float[3 * 6 * 2 * 32];
        for (int layer = 0; layer < 2; layer++)
            for (int row = 0; row < 18; row++)
                hidden[layer].Span.Slice(row * 32, 32).CopyTo(interleaved.AsSpan(((row * 2) + layer) * 32));
        s_golden.AssertClose("forward.hidden", interleaved);
    }

    [Theory]
    [InlineData("exact")]
    [InlineData("nans")]
    [InlineData("constant")]
    [InlineData("allnan")]
    public void Scaling(string context)
    {
        double[][] rows = Context(context);
        for (int b = 0; b < rows.Length; b++)
        {
            TiRexScale scale = TiRexScale.Of(rows[b]);
            Assert.Equal(s_golden.Doubles($"f64.tokenizer.{context}.loc")[b], scale.Loc, 1e-9);
            Assert.Equal(s_golden.Doubles($"f64.tokenizer.{context}.scale")[b], scale.Scale, 1e-9);
            var token = new float[16];
            for (int t = 0; t < 8; t++)
            {
                scale.Read(rows[b].AsSpan(t * 8, 8), token.AsSpan(0, 8), token.AsSpan(8));
                for (int i = 0; i < 8; i++)
                {
                    double expected = s_golden.Doubles($"f64.tokenizer.{context}.patches")[(((b * 8) + t) * 8) + i];
                    Assert.Equal(double.IsNaN(expected) ? 0 : expected, token[i], 1e-6);
                    Assert.Equal(double.IsNaN(expected) ? 0 : 1, token[8 + i]);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Forecasts))]
    public void Forecast(string context, int horizon, int patches) =>
        AssertForecast($"forecast.{context}.h{horizon}.r{patches}.quantiles", Context(context), horizon, patches);

    [Fact]
    public void Series_of_unequal_length() => AssertForecast("forecast.list.quantiles", [.. Enumerable.Range(0, 4).Select(i => s_golden.Floats($"in.ctx.list.{i}").Select(v => (double)v).ToArray())], 8, 1);

    [Fact]
    public void Mean_is_the_median()
    {
        IReadOnlyList<Forecast> forecasts = new TiRexForecaster(s_model).Forecast(Context("exact"), 30, TestContext.Current.CancellationToken);
        s_golden.AssertClose("forecast.exact.h30.mean", [.. forecasts.SelectMany(f => f.Median.ToArray()).Select(v => (float)v)]);
    }

    private static void AssertForecast(string name, double[][] series, int horizon, int patches)
    {
        IReadOnlyList<Forecast> forecasts = new TiRexForecaster(s_model, patches).Forecast(series, horizon, TestContext.Current.CancellationToken);
        var actual = new List<float>();
        foreach (Forecast forecast in forecasts)
            for (int h = 0; h < horizon; h++)
                for (int q = 0; q < 9; q++)
                    actual.Add((float)forecast[q][h]);
        s_golden.AssertClose(name, [.. actual]);
    }

    internal static double[][] Context(string name)
    {
        float[] values = s_golden.Floats("in.ctx." + name);
        return [.. values.Select(v => (double)v).Chunk(s_golden.Shape("in.ctx." + name)[1])];
    }

    // [B, T, N d] to [B, N, T, d]
    private static float[] HeadsFirst(Tensor y, int heads)
    {
        int B = y.Shape[0], T = y.Shape[1], d = y.Shape[2] / heads;
        var turned = new float[y.Length];
        for (int b = 0; b < B; b++)
            for (int t = 0; t < T; t++)
                for (int n = 0; n < heads; n++)
                    y.Span.Slice((((b * T) + t) * heads + n) * d, d).CopyTo(turned.AsSpan((((b * heads) + n) * T + t) * d));
        return turned;
    }

    internal static TiRexModel Load()
    {
        using ModelWeights weights = ModelWeights.Open(Path.Combine(s_golden.Folder, "model.safetensors"));
        return new TiRexModel(new TiRexConfig(8, 8, null, 32, 2, 4, 64, 64), new ParameterSet(weights));
    }
}
