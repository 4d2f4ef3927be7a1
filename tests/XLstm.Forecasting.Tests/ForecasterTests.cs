using System.Text;
using XLstm.Golden;

namespace XLstm.Forecasting.Tests;

public sealed class ForecasterTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("xlstm-forecaster").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void The_season_that_is_looked_for_can_be_asked_for()
    {
        Assert.Equal(7, Forecaster.FindSeason([.. Enumerable.Range(0, 200).Select(t => t % 7 == 3 ? 5.0 : t % 7)]));
        Assert.Equal([1, 1, 1], new double[][] { [], [double.NaN, 3], [.. Enumerable.Repeat(2.0, 50)] }.Select(Forecaster.FindSeason));
    }

    [Fact]
    public void A_season_changes_no_other_option()
    {
        double[] series = [.. Enumerable.Range(0, 200).Select(t => Math.Sin(t * 0.3) + (0.01 * t))];
        Forecaster tirex = Forecaster.Load(Path.Combine(new GoldenCase("tirex/tirex_small").Folder, "model.safetensors")).With(new ForecastOptions(AcceleratedPatches: 4));
        double[] there = tirex.Forecast(series, 60).Median.ToArray();
        Assert.Equal(there, tirex.Forecast(series, 60, season: 7).Median.ToArray());
        Assert.NotEqual(there, tirex.With(new ForecastOptions()).Forecast(series, 60).Median.ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => tirex.Forecast(series, 60, season: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => tirex.OpenSession(series, season: 0));
    }

    [Fact]
    public void A_model_that_is_trained_further_leaves_forecasters_as_they_are()
    {
        double[] series = [.. Enumerable.Range(0, 200).Select(t => Math.Sin(t * 0.3))];
        TiRexModel model = TiRexFile.Read(Path.Combine(new GoldenCase("tirex/tirex_small").Folder, "model.safetensors"));
        var forecaster = new TiRexForecaster(model);
        double[] before = forecaster.Forecast([series], 20)[0].Median.ToArray();
        foreach (Parameter parameter in model.Parameters)
            parameter.Span.Fill(0.01f);
        Assert.Equal(before, forecaster.Forecast([series], 20)[0].Median.ToArray());
        Assert.NotEqual(before, new TiRexForecaster(model).Forecast([series], 20)[0].Median.ToArray());
    }

    [Fact]
    public void The_one_in_the_package_sees_trend_and_season()
    {
        double[] series = [.. Enumerable.Range(0, 72).Select(t => 100 + t + (20 * Math.Sin(2 * Math.PI * t / 12)))];
        Forecast forecast = Forecaster.Default.Forecast(series[..60], 12);
        Assert.InRange(ForecastMetrics.Mase(series.AsSpan(60), forecast.Median, series.AsSpan(0, 60), 12), 0, 0.3);
        Assert.Equal(forecast.Median.ToArray(), Forecaster.Default.With(new ForecastOptions(Threads: 1)).Forecast(series[..60], 12).Median.ToArray());
    }

    [Fact]
    public void Its_intervals_hold_what_they_say()
    {
        // Noise and walks that it was not trained on, seen from different lengths.
        double[][] all = [.. Enumerable.Range(0, 300).Select(i => SeriesGenerator.Draw(48 + (i % 100), 0xF00D + (ulong)i).Series)];
        IReadOnlyList<Forecast> forecasts = Forecaster.Default.Forecast([.. all.Select(s => s[..^8])], 8, TestContext.Current.CancellationToken);
        double held = 0, known = 0;
        for (int i = 0; i < all.Length; i++)
            for (int h = 0; h < 8; h++)
            {
                double y = all[i][all[i].Length - 8 + h];
                if (double.IsNaN(y) || double.IsNaN(forecasts[i].Median[h]))
                    continue;
                known++;
                held += y >= forecasts[i][0][h] && y <= forecasts[i][8][h] ? 1 : 0;
            }
        Assert.InRange(held / known, 0.74, 0.88);
    }

    [Fact]
    public void What_is_saved_forecasts_alike()
    {
        string path = Path.Combine(_root, "saved.safetensors");
        double[] series = SeriesGenerator.Draw(150, 4).Series;
        Forecaster.Default.Save(path);
        Assert.Equal(Forecaster.Default.Forecast(series, 20).Median, Forecaster.Load(path).Forecast(series, 20).Median);
    }

    [Fact]
    public async Task Threads_may_share_it()
    {
        double[] series = SeriesGenerator.Draw(150, 4).Series;
        double[] expected = Forecaster.Default.Forecast(series, 20).Median.ToArray();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Assert.Equal(expected, Forecaster.Default.Forecast(series, 20).Median.ToArray()))));
    }

    [Theory]
    [InlineData("patch", "0")]
    [InlineData("patch", "2000000000")]
    [InlineData("outputs", "63")]
    [InlineData("hidden_dim", "65536")]
    [InlineData("embedding_dim", "2147483647")]
    [InlineData("num_blocks", "60000")]
    [InlineData("num_heads", "0")]
    [InlineData("pattern", "\"7\"")]
    [InlineData("stranger", "1")]
    public void A_config_that_does_not_fit_its_weights_is_refused(string key, string value)
    {
        var network = new PatchNetwork(new PatchNetworkConfig(8, 16, 24, 16, 2), new ParameterSet(7));
        string path = Path.Combine(_root, "good.safetensors"), bad = Path.Combine(_root, "bad.safetensors");
        ForecasterFile.Write(path, network);
        Assert.Equal(3, Forecaster.Load(path).Forecast([1, 2, 4, 3], 3).Horizon);

        using SafetensorsFile file = SafetensorsFile.Open(path);
        var metadata = new Dictionary<string, string>(file.Metadata, StringComparer.Ordinal);
        var config = System.Text.Json.Nodes.JsonNode.Parse(metadata["config"])!.AsObject();
        config[key] = System.Text.Json.Nodes.JsonNode.Parse(value);
        metadata["config"] = config.ToJsonString();
        SafetensorsWriter.Write(bad, [.. network.Parameters.Select(p => TensorToWrite.FromFloats(p.Name, [.. Enumerable.Range(0, p.Shape.Rank).Select(i => (long)p.Shape[i])], p.Span.ToArray()))], metadata);
        Assert.Throws<CheckpointException>(() => Forecaster.Load(bad));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a series, not a model")]
    [InlineData("\u0080\u0002}q\u0000.")]
    public void What_is_no_forecaster_is_refused(string content)
    {
        foreach (string name in new[] { "a.safetensors", "a.ckpt", "a" })
        {
            string path = Path.Combine(_root, name);
            File.WriteAllBytes(path, Encoding.Latin1.GetBytes(content));
            Assert.Throws<CheckpointException>(() => Forecaster.Load(path));
        }
        Assert.Throws<CheckpointException>(() => Forecaster.Load(Path.Combine(_root, "nothing")));
    }
}
