using System.Text.Json;

namespace XLstm.Tests.Checkpoints;

public sealed class TorchFileTests
{
    private static string Stress(string file) => TestData.Golden("tirex/torch_ckpt_formats/" + file);

    private static string TiRex(string file) => TestData.Golden("tirex/tirex_small/" + file);

    private static byte[] Bytes(TensorFile file, string name)
    {
        var bytes = new byte[file.Info(name).ByteLength];
        file.ReadBytes(name, bytes);
        return bytes;
    }

    [Theory]
    [InlineData("stress.pt")]
    [InlineData("stress_legacy.pt")]
    public void Reads_every_type_and_view_of_the_reference(string name)
    {
        using var file = TorchFile.Open(Stress(name));
        using var expected = SafetensorsFile.Open(Stress("io.safetensors"));
        Assert.Equal(["f32", "f32_t", "f32_slice", "f64", "f16", "bf16", "i64", "i32", "u8", "bool", "scalar", "empty", "param"], file.Tensors.Select(t => t.Name));
        foreach (var tensor in expected.Tensors)
        {
            var found = file.Info(tensor.Name["ref.".Length..]);
            Assert.Equal(tensor.DType, found.DType);
            // Safetensors was given the scalar as a vector.
            Assert.Equal(found.Name == "scalar" ? [] : tensor.Shape, found.Shape);
            Assert.Equal(Bytes(expected, tensor.Name), Bytes(file, found.Name));
        }
        Assert.Equal([0L, 4L], file.Info("empty").Shape);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], Bytes(file, "u8"));
    }

    [Theory]
    [InlineData("stress.pt")]
    [InlineData("stress_legacy.pt")]
    public void What_is_no_tensor_is_a_tree(string name)
    {
        using var file = TorchFile.Open(Stress(name));
        var nested = file.Root.Find("nested")!;
        Assert.Equal((1L << 40, -7L, "Größe λ"), (nested.Find("big")!.Whole, nested.Find("neg")!.Whole, nested.Find("unicode")!.Text));
        var list = nested.Find("list")!.Items;
        Assert.Equal(2.5, list[1].Real);
        Assert.Equal((TorchKind.None, true), (list[3].Kind, list[4].Boolean!.Value));
        Assert.Equal([4L, 5L], list[5].Items.Select(item => item.Whole!.Value));
        Assert.Equal("f32_t", file.Root.Find("f32_t")!.Tensor!.Name);
        Assert.Null(nested.Find("nope"));
        var expected = JsonDocument.Parse(File.ReadAllText(Stress("config.json"))).RootElement.GetProperty("plain").GetProperty("nested");
        Assert.True(JsonElement.DeepEquals(expected, file.ToJson(nested)));
    }

    [Theory]
    [InlineData("model.ckpt")]
    [InlineData("model_legacy.ckpt")]
    public void Model_weights_stand_on_a_checkpoint_of_lightning(string name)
    {
        using var weights = ModelWeights.Open(TiRex(name), prefix: "block_stack.");
        using var expected = SafetensorsFile.Open(TiRex("model.safetensors"));
        Assert.Equal(expected.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal), weights.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal));
        foreach (var tensor in expected.Tensors)
        {
            Assert.Equal(tensor.Shape, weights.Info(tensor.Name).Shape);
            var (values, found) = (new float[tensor.Count], new float[tensor.Count]);
            expected.ReadFloats(tensor.Name, values);
            weights.ReadFloats(tensor.Name, found);
            Assert.Equal(values, found);
        }
        using var file = TorchFile.Open(TiRex(name));
        var config = JsonDocument.Parse(File.ReadAllText(TiRex("config.json"))).RootElement.GetProperty("hyper_parameters");
        Assert.True(JsonElement.DeepEquals(config, file.ToJson(file.Root.Find("hyper_parameters")!)));
        Assert.Equal(12345, file.Root.Find("global_step")!.Whole);
    }
}
