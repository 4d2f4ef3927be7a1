namespace XLstm.Tests.Checkpoints;

public sealed class ModelWeightsTests
{
    private static void Write(TemporaryFolder folder, string file, params (string Name, float Value)[] tensors) =>
        SafetensorsWriter.Write(Path.Combine(folder.Path, file), [.. tensors.Select(t => TensorToWrite.FromFloats(t.Name, [1], new[] { t.Value }))]);

    private static float Read(ModelWeights weights, string name)
    {
        var value = new float[1];
        weights.ReadFloats(name, value);
        return value[0];
    }

    [Fact]
    public void Reads_one_file_by_directory_or_by_name()
    {
        using var folder = new TemporaryFolder();
        Write(folder, "model.safetensors", ("a", 1), ("b", 2));
        Write(folder, "other.safetensors", ("c", 3));
        using var directory = ModelWeights.Open(folder.Path);
        using var file = ModelWeights.Open(Path.Combine(folder.Path, "other.safetensors"));
        Assert.Equal(2, Read(directory, "b"));
        Assert.Equal(3, Read(file, "c"));
        Assert.Equal(2, directory.Count);
        Assert.False(directory.Contains("c"));
    }

    [Fact]
    public void A_header_as_long_as_a_pickle_begins_is_still_a_header()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "a");
        // 0x80 0x02: 640 bytes.
        SafetensorsWriter.Write(path, [TensorToWrite.FromFloats("a", [1], new[] { 5f })], new Dictionary<string, string> { ["k"] = new('x', 560) });
        Assert.Equal([0x80, 0x02], File.ReadAllBytes(path)[..2]);
        using var weights = ModelWeights.Open(path);
        Assert.Equal(5, Read(weights, "a"));
    }

    [Fact]
    public void Reads_the_shards_of_an_index_of_the_reference()
    {
        using var weights = ModelWeights.Open(TestData.Golden("large/large_single/hf_bf16"));
        Assert.All(weights.Tensors, t => Assert.Equal(DType.BF16, t.DType));
        Assert.Equal(2, weights.Tensors.Select(t => t.File).Distinct().Count());
        var total = weights.Tensors.Sum(t => t.ByteLength);
        Assert.Equal(2 * weights.Count, total);
        var norm = new float[weights.Info("backbone.out_norm.weight").Count];
        weights.ReadFloats("backbone.out_norm.weight", norm);
        Assert.All(norm, value => Assert.InRange(value, 0.1f, 3f));
    }

    [Fact]
    public void Reads_numbered_shards_and_notices_a_missing_one()
    {
        using var folder = new TemporaryFolder();
        Write(folder, "model_0.safetensors", ("a", 1));
        Write(folder, "model_1.safetensors", ("b", 2));
        Write(folder, "model_2.safetensors", ("c", 3));
        using (var weights = ModelWeights.Open(folder.Path))
            Assert.Equal([1, 2, 3], new[] { "a", "b", "c" }.Select(name => Read(weights, name)));
        File.Delete(Path.Combine(folder.Path, "model_1.safetensors"));
        Assert.Contains("model_1", Assert.Throws<CheckpointException>(() => ModelWeights.Open(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_tensor_in_two_shards_is_an_error()
    {
        using var folder = new TemporaryFolder();
        Write(folder, "model_0.safetensors", ("a", 1));
        Write(folder, "model_1.safetensors", ("a", 1));
        Assert.Equal("tensor a", Assert.Throws<CheckpointException>(() => ModelWeights.Open(folder.Path)).What);
    }

    [Theory]
    [InlineData("""{"weight_map": {"a": "../x.safetensors"}}""", "weight_map.a")]
    [InlineData("""{"weight_map": {"a": "/etc/x.safetensors"}}""", "weight_map.a")]
    [InlineData("""{"weight_map": {"a": 3}}""", "weight_map.a")]
    [InlineData("""{"weight_map": {"a": "missing.safetensors"}}""", "the file")]
    [InlineData("""{"weight_map": {"b": "s.safetensors"}}""", "tensor b")]
    [InlineData("""{"weight_map": {"a": "t.safetensors", "c": "s.safetensors"}}""", "tensor")]
    [InlineData("""{"weight_map": []}""", "weight_map")]
    [InlineData("[", "the file")]
    public void An_index_that_lies_is_refused(string index, string what)
    {
        using var folder = new TemporaryFolder();
        Write(folder, "s.safetensors", ("a", 1));
        Write(folder, "t.safetensors", ("c", 1));
        folder.File("model.safetensors.index.json", index);
        Assert.Contains(what, Assert.Throws<CheckpointException>(() => ModelWeights.Open(folder.Path)).What, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_directory_and_an_unknown_name_are_errors()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<CheckpointException>(() => ModelWeights.Open(folder.Path));
        Write(folder, "model.safetensors", ("a", 1));
        using var weights = ModelWeights.Open(folder.Path);
        Assert.Contains("nope", Assert.Throws<CheckpointException>(() => weights.Info("nope")).Message, StringComparison.Ordinal);
    }
}
