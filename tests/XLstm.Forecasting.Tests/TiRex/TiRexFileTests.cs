using XLstm.Golden;

namespace XLstm.Forecasting.Tests.TiRex;

public sealed class TiRexFileTests
{
    private static readonly GoldenCase s_golden = new("tirex/tirex_small");

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("model.ckpt")]
    [InlineData("model_legacy.ckpt")]
    [InlineData("")]
    public void Every_layout_is_the_same_model(string file)
    {
        Forecaster forecaster = Forecaster.Load(Path.Combine(s_golden.Folder, file));
        Assert.Equal("TiRex", forecaster.Name);
        double[] series = [.. s_golden.Floats("in.ctx.list.0").Select(v => (double)v)];
        Forecast forecast = forecaster.Forecast(series, 5);
        var actual = new List<float>();
        for (int h = 0; h < 5; h++)
            for (int q = 0; q < 9; q++)
                actual.Add((float)forecast[q][h]);
        s_golden.AssertClose("forecast.one_d.quantiles", [.. actual]);
    }

    [Fact]
    public void A_short_series_costs_its_own_patches_only()
    {
        TiRexModel model = TiRexFile.Read(s_golden.Folder);
        using var pass = new Pass(new PassOptions(Threads: 1));
        Assert.Equal(2, model.AfterMissing(5).Blocks.Count);
        // From the state after five missing patches as from the start.
        var tokens = new Tensor(new Shape(1, 8, 16));
        for (int t = 5; t < 8; t++)
            for (int i = 0; i < 8; i++)
                (tokens.Span[(t * 16) + i], tokens.Span[(t * 16) + 8 + i]) = ((t * i % 5) - 2, 1);
        float[] whole = model.Forward(tokens, null, pass).Quantiles.Span[(7 * 72)..].ToArray();
        float[] rest = model.Forward(new Tensor(new Shape(1, 3, 16), tokens.Span[(5 * 16)..].ToArray()), model.AfterMissing(5), pass).Quantiles.Span[(2 * 72)..].ToArray();
        Assert.Equal(whole, rest, (a, b) => Math.Abs(a - b) < 2e-6);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"model_config\": {\"input_patch_size\": 8}}")]
    [InlineData("{\"model_config\": {\"input_patch_size\": 8, \"output_patch_size\": 8, \"embedding_dim\": 2000000000, \"num_blocks\": 2000000000, \"num_heads\": 4, \"input_ff_dim\": 64}}")]
    [InlineData("{\"model_config\": {\"input_patch_size\": \"8\", \"output_patch_size\": 8, \"embedding_dim\": 32, \"num_blocks\": 2, \"num_heads\": 4, \"input_ff_dim\": 64}}")]
    [InlineData("[]")]
    public void A_config_that_does_not_fit_is_refused(string config)
    {
        string folder = Directory.CreateTempSubdirectory("tirex").FullName;
        try
        {
            File.Copy(Path.Combine(s_golden.Folder, "model.safetensors"), Path.Combine(folder, "model.safetensors"));
            File.WriteAllText(Path.Combine(folder, "config.json"), config);
            Assert.Throws<CheckpointException>(() => Forecaster.Load(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
