using System.IO.Compression;
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

    private static void Opened(byte[] content, Action<TorchFile> check)
    {
        using var folder = new TemporaryFolder();
        using var file = TorchFile.Open(folder.File("x.pt", content));
        check(file);
    }

    private static byte[] Floats(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    private static float[] Read(TensorFile file, string name)
    {
        var values = new float[file.Info(name).Count];
        file.ReadFloats(name, values);
        return values;
    }

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Optimal)]
    public void Views_of_one_storage_have_their_own_elements(CompressionLevel level)
    {
        var pickle = new TorchWriter().Op("}(")
            .Text("rows").Tensor(6, 0, [2, 3], [3, 1]).Text("columns").Tensor(6, 0, [3, 2], [1, 3]).Text("part").Tensor(6, 1, [2, 2], [3, 1])
            .Text("every").Tensor(6, 1, [3], [2]).Text("one").Tensor(6, 5, [], []).Text("same").Tensor(6, 2, [2, 3], [0, 0]).Text("cube").Tensor(6, 0, [1, 3, 1, 2], [77, 1, 99, 3]).Op("u").End();
        Opened(TorchWriter.Archive(pickle, level, Floats(0, 1, 2, 3, 4, 5)), file =>
        {
            Assert.Equal([0, 1, 2, 3, 4, 5], Read(file, "rows"));
            Assert.Equal([0, 3, 1, 4, 2, 5], Read(file, "columns"));
            Assert.Equal([1, 2, 4, 5], Read(file, "part"));
            Assert.Equal([1, 3, 5], Read(file, "every"));
            Assert.Equal([5], Read(file, "one"));
            Assert.Equal([2, 2, 2, 2, 2, 2], Read(file, "same"));
            Assert.Equal([0, 3, 1, 4, 2, 5], Read(file, "cube"));
        });
    }

    /// <summary>"123456789" has the sum that every description of it names; in whatever pieces.</summary>
    [Fact]
    public void Sums_are_those_of_the_standard()
    {
        Assert.Equal(0xCBF43926u, Crc32.End(Crc32.Add(Crc32.Start, "123456789"u8)));
        Assert.Equal(0xCBF43926u, Crc32.End(Crc32.Add(Crc32.Add(Crc32.Start, "1"u8), "23456789"u8)));
    }

    /// <summary>A byte of a tensor that changed on its way: the archive knows, and no other number comes of it.</summary>
    [Fact]
    public void Changed_bytes_are_noticed_by_their_sum()
    {
        using var folder = new TemporaryFolder();
        byte[] pickle = new TorchWriter().Op("}").Text("w").Tensor(4, 0, [4], [1]).Op("s").End(), numbers = Floats(1.5f, 2.5f, 3.5f, 4.5f), file = TorchWriter.Archive(pickle, numbers);
        file[file.AsSpan().IndexOf(numbers) + 5] ^= 1;
        using TorchFile torch = TorchFile.Open(folder.File("x.pt", file));
        CheckpointException error = Assert.Throws<CheckpointException>(() => torch.ReadFloats("w", new float[4]));
        Assert.Contains("data/0", error.What, StringComparison.Ordinal);
        Assert.Contains("the sum", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_of_machines_with_the_other_byte_order_are_turned()
    {
        var pickle = new TorchWriter().Op("}").Text("w").Tensor(3, 0, [3], [1]).Op("s").End();
        byte[] elements = [.. Floats(1, -2, 1e-20f).Chunk(4).SelectMany(element => element.Reverse())];
        Opened(TorchWriter.Zip(CompressionLevel.NoCompression, ("a/data.pkl", pickle), ("a/byteorder", "big"u8.ToArray()), ("a/data/0", elements)), file =>
            Assert.Equal([1, -2, 1e-20f], Read(file, "w")));
    }

    [Fact]
    public void Storages_of_the_old_layout_may_be_views_and_of_types_that_are_not_read()
    {
        var pickle = new TorchWriter().Op("}(")
            .Text("w").Class("torch._utils", "_rebuild_tensor").Op("((").Text("storage").Class("torch", "FloatStorage").Text("7").Text("cpu").Whole(5).Op("(").Text("8").Whole(2).Whole(3).Op("ttQ").Whole(1).Wholes(2).Wholes(1).Op("tR")
            .Text("complex").Class("torch._utils", "_rebuild_tensor_v2").Op("(").Storage("9", 1, "ComplexFloatStorage").Whole(0).Wholes(1).Wholes(1).Op("tR").Op("u").End();
        Opened(TorchWriter.Row(pickle, ("9", new byte[8], 1), ("7", Floats(0, 1, 2, 3, 4), 5)), file =>
        {
            Assert.Equal([3, 4], Read(file, "w"));
            Assert.Equal("torch._utils._rebuild_tensor_v2", file.Root.Find("complex")!.TypeName);
            Assert.Single(file.Tensors);
        });
    }

    [Fact]
    public void Tensors_of_a_type_of_their_own_over_plain_bytes_are_read()
    {
        var pickle = new TorchWriter().Op("}").Text("w").Class("torch._utils", "_rebuild_tensor_v3").Op("(").Storage("0", 8, "UntypedStorage").Whole(1).Wholes(1).Wholes(1).Op("N}").Class("torch", "float32").Op("}tRs").End();
        Opened(TorchWriter.Archive(pickle, Floats(3, 4)), file => Assert.Equal([4], Read(file, "w")));
    }

    [Fact]
    public void Objects_of_unknown_classes_keep_what_they_were_given()
    {
        var pickle = new TorchWriter().Op("}(")
            .Text("space").Class("argparse", "Namespace").Op(")\u0081}(").Text("lr").Op("G?\u00e0\0\0\0\0\0\0").Text("w").Tensor(1, 0, [1], [1]).Op("ub")
            .Text("config").Class("omegaconf.dictconfig", "DictConfig").Op(")\u0081q\u0005}(").Text("_parent").Op("N").Text("_content").Op("}")
            .Text("width").Class("omegaconf.nodes", "AnyNode").Op(")\u0081}(").Text("_parent").Op("h\u0005").Text("_val").Op("K\u0020ubsub")
            .Text("attributes").Class("lightning", "AttributeDict").Op(")\u0081(").Text("a").Op("K\u0001u")
            .Text("loss").Class("numpy.core.multiarray", "scalar").Op("(").Class("numpy", "dtype").Op("(").Text("f8").Op("\u0089\u0088tR").Class("_codecs", "encode").Op("(").Text("\0\0\0\0\0\0\u00f8?").Text("latin1").Op("tRtR")
            .Op("u").End();
        Opened(TorchWriter.Archive(pickle, Floats(9)), file =>
        {
            var space = file.Root.Find("space")!;
            Assert.Equal(("argparse.Namespace", 0.5), (space.TypeName, space.Find("lr")!.Real));
            Assert.Equal([9], Read(file, "space.w"));
            Assert.Equal("""{"width":32}""", file.ToJson(file.Root.Find("config")!).GetRawText());
            Assert.Equal("""{"a":1}""", file.ToJson(file.Root.Find("attributes")!).GetRawText());
            Assert.Equal(1.5, file.Root.Find("loss")!.Real);
        });
    }

    [Theory]
    [InlineData(new[] { "state_dict" }, null, "state_dict")]
    [InlineData(new[] { "ema", "model_state" }, null, "model_state")]
    [InlineData(new[] { "net" }, null, "net")]
    [InlineData(new[] { "ema", "model" }, "ema", "ema")]
    [InlineData(new[] { "encoder", "decoder" }, null, null)]
    [InlineData(new[] { "state_dict", "model" }, null, null)]
    [InlineData(new[] { "model" }, "ema", null)]
    public void The_parameters_are_found_where_only_one_place_comes_into_question(string[] keys, string? under, string? found)
    {
        var pickle = new TorchWriter().Op("}(").Text("epoch").Whole(3);
        for (var i = 0; i < keys.Length; i++)
            pickle.Text(keys[i]).Op("}").Text("net.w").Tensor(keys.Length, i, [1], [1]).Op("s");
        using var folder = new TemporaryFolder();
        var path = folder.File("x.pt", TorchWriter.Archive(pickle.Op("u").End(), Floats([.. keys.Select((_, i) => (float)i)])));
        if (found is null)
        {
            Assert.Contains(under ?? "", Assert.Throws<CheckpointException>(() => ModelWeights.Open(path, under: under)).Message, StringComparison.Ordinal);
            using var all = ModelWeights.Open(path, under: "");
            Assert.Equal(keys.Select(key => key + ".net.w"), all.Tensors.Select(t => t.Name));
            return;
        }
        using var weights = ModelWeights.Open(path, "net.", under);
        var value = new float[1];
        weights.ReadFloats("w", value);
        Assert.Equal(Array.IndexOf(keys, found), value[0]);
        Assert.Equal(("w", 1L, false), (weights.Info("w").Name, weights.Count, weights.Contains("net.w")));
    }

    [Fact]
    public void Names_that_are_one_without_their_prefix_are_refused()
    {
        using var folder = new TemporaryFolder();
        var pickle = new TorchWriter().Op("}(").Text("net.w").Tensor(1, 0, [1], [1]).Text("w").Tensor(1, 0, [1], [1]).Op("u").End();
        Assert.Equal("tensor w", Assert.Throws<CheckpointException>(() => ModelWeights.Open(folder.File("x.pt", TorchWriter.Archive(pickle, Floats(1))), "net.")).What);
    }

    [Fact]
    public void Other_files_are_refused()
    {
        Assert.Throws<CheckpointException>(() => TorchFile.Open(TestData.Golden("missing.pt")));
        Assert.Contains("torch.save", Assert.Throws<CheckpointException>(() => TorchFile.Open(Stress("config.json"))).Message, StringComparison.Ordinal);
        Assert.Contains("torch.save", Assert.Throws<CheckpointException>(() => TorchFile.Open(Stress("io.safetensors"))).Message, StringComparison.Ordinal);
    }
}
