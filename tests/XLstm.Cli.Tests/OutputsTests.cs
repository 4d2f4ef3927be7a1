using System.Text.Json;
using XLstm.Golden;

namespace XLstm.Cli.Tests;

public sealed class OutputsTests : IDisposable
{
    private static readonly string s_stocks = Path.GetFullPath(Path.Combine(new GoldenCase("lm/lm_readme").Folder, "..", "..", "..", "stocks"));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void They_are_those_of_the_Python_package()
    {
        using JsonDocument vectors = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(s_stocks, "vectors.json")));
        float[] Vector(string name) => [.. vectors.RootElement.GetProperty(name).EnumerateArray().Select(v => v.GetSingle())];
        Inputs(2, 60, 5, [.. Vector("input"), .. Vector("input")]);
        string model = Path.Combine(s_stocks, "xLSTM_H3_F5_AAPL.pt");
        Cli.Run("outputs", model, "--inputs", _folder["x"], "--output", _folder["y"]).Succeeds();
        using (SafetensorsFile file = SafetensorsFile.Open(_folder["y"]))
        {
            Assert.Equal([2, 60, 3], file.Info("outputs").Shape);
            var outputs = new float[2 * 60 * 3];
            file.ReadFloats("outputs", outputs);
            foreach ((float expected, float actual) in Vector("output").Zip(outputs[^3..]).Concat(Vector("output").Zip(outputs[177..180])))
                Assert.InRange(actual, expected - 1e-5, expected + 1e-5);
        }
        Inputs(1, 60, 32, Vector("input_projection"));
        Cli.Run("outputs", model, "--inputs", _folder["x"], "--output", _folder["y"], "--before", "", "--after", "", "--prefix", "model_state.xlstm_stack").Succeeds();
        using SafetensorsFile alone = SafetensorsFile.Open(_folder["y"]);
        Assert.Equal([1, 60, 32], alone.Info("outputs").Shape);
        Cli.Run("outputs", model, "--inputs", _folder["x"], "--output", _folder["y"]).Fails("F32 [B, T, 5]", "inputs F32 [1, 60, 32]");
        Cli.Run("outputs", TinyModel.Create(_folder["model"]), "--inputs", _folder["x"], "--output", _folder["y"]).Fails("token_embedding.weight");
    }

    private void Inputs(int rows, int steps, int features, float[] values) =>
        SafetensorsWriter.Write(_folder["x"], [TensorToWrite.FromFloats("inputs", [rows, steps, features], values)]);
}
