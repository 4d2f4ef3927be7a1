using System.Buffers.Binary;
using System.Text;

namespace XLstm.Tests.Checkpoints;

public sealed class SafetensorsTests
{
    private static string Raw(TemporaryFolder folder, string header, int dataBytes = 64, ulong? length = null)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length ?? (ulong)json.Length);
        json.CopyTo(bytes, 8);
        return folder.File("x.safetensors", bytes);
    }

    private static TensorToWrite Floats(string name, params float[] values) => TensorToWrite.FromFloats(name, [values.Length], values);

    [Fact]
    public void What_is_written_reads_back()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "new", "a.safetensors");
        SafetensorsWriter.Write(path,
            [
                TensorToWrite.FromFloats("matrix \"quoted\" é", [2, 3], new float[] { 1, -0f, float.NaN, float.PositiveInfinity, float.Epsilon, 1e38f }),
                TensorToWrite.FromFloats("scalar", [], new float[] { 7 }),
                TensorToWrite.FromFloats("empty", [3, 0], Array.Empty<float>()),
                TensorToWrite.FromInt64("steps", [2], new[] { long.MinValue, 5 }),
            ],
            new Dictionary<string, string> { ["format"] = "pt", ["a"] = "ü" });

        using var file = SafetensorsFile.Open(path);
        Assert.Equal(["matrix \"quoted\" é", "scalar", "steps", "empty"], file.Tensors.Select(t => t.Name).OrderBy(n => n == "empty"));
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal("ü", file.Metadata["a"]);
        var matrix = new float[6];
        file.ReadFloats("matrix \"quoted\" é", matrix);
        Assert.Equal([1, -0f, float.NaN, float.PositiveInfinity, float.Epsilon, 1e38f], matrix);
        Assert.True(float.IsNegative(matrix[1]));
        Assert.Equal([2L, 3L], file.Info("matrix \"quoted\" é").Shape);
        var scalar = new float[1];
        file.ReadFloats("scalar", scalar);
        Assert.Equal(7, scalar[0]);
        Assert.Empty(file.Info("scalar").Shape);
        file.ReadFloats("empty", []);
        var steps = new long[2];
        file.ReadInt64("steps", steps);
        Assert.Equal([long.MinValue, 5], steps);
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void The_header_is_padded_to_eight_bytes()
    {
        using var folder = new TemporaryFolder();
        for (var length = 1; length <= 9; length++)
        {
            var path = Path.Combine(folder.Path, $"{length}");
            SafetensorsWriter.Write(path, [Floats(new string('n', length), 1)]);
            var bytes = File.ReadAllBytes(path);
            Assert.Equal(0L, BinaryPrimitives.ReadInt64LittleEndian(bytes) % 8);
            Assert.Equal(BinaryPrimitives.ReadInt64LittleEndian(bytes) + 8 + 4, bytes.Length);
        }
    }

    [Fact]
    public void Converts_every_type_of_a_file_of_the_reference()
    {
        using var file = SafetensorsFile.Open(TestData.Golden("tirex/torch_ckpt_formats/io.safetensors"));
        float[] Read(string name)
        {
            var values = new float[file.Info(name).Count];
            file.ReadFloats(name, values);
            return values;
        }

        var single = Read("ref.f32");
        Assert.Equal(2.427063465118408f, single[0]);
        Assert.Equal(single, Read("ref.f64"));
        Assert.Equal(single.Select(x => (float)(Half)x), Read("ref.f16"));
        Assert.Equal(2.421875f, Read("ref.bf16")[0]);
        Assert.All(single.Zip(Read("ref.bf16")), pair => Assert.True(MathF.Abs(pair.First - pair.Second) <= MathF.Abs(pair.First) / 256));
        var whole = new long[7];
        file.ReadInt64("ref.i64", whole);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], whole);
        file.ReadInt64("ref.i32", whole);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], whole);
        var flags = new long[60];
        file.ReadInt64("ref.bool", flags);
        Assert.Equal([1, 0, 1, 1, 0, 1, 1, 0], flags[..8]);
        Assert.Equal("tirex/torch_ckpt_formats", file.Metadata["case"]);
    }

    [Fact]
    public void Narrow_whole_numbers_widen_with_their_sign()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "a");
        SafetensorsWriter.Write(path,
            [
                new("i8", DType.I8, [3], s => s.Write([0x80, 0xff, 0x7f])),
                new("u8", DType.U8, [3], s => s.Write([0x80, 0xff, 0x7f])),
                new("i16", DType.I16, [2], s => s.Write([0x00, 0x80, 0xfe, 0xff])),
                new("i32", DType.I32, [2], s => s.Write([0x00, 0x00, 0x00, 0x80, 0x01, 0x00, 0x00, 0x00])),
            ]);
        using var file = SafetensorsFile.Open(path);
        long[] Read(string name)
        {
            var values = new long[file.Info(name).Count];
            file.ReadInt64(name, values);
            return values;
        }

        Assert.Equal([-128, -1, 127], Read("i8"));
        Assert.Equal([128, 255, 127], Read("u8"));
        Assert.Equal([-32768, -2], Read("i16"));
        Assert.Equal([int.MinValue, 1], Read("i32"));
        var bytes = new byte[4];
        file.ReadBytes("i16", bytes);
        Assert.Equal([0x00, 0x80, 0xfe, 0xff], bytes);
    }

    [Fact]
    public void Long_tensors_convert_block_by_block()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "a");
        var values = Enumerable.Range(0, 100_003).Select(i => i * 0.25).ToArray();
        SafetensorsWriter.Write(path, [new("d", DType.F64, [values.Length], s => s.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<double>(values)))]);
        using var file = SafetensorsFile.Open(path);
        var read = new float[values.Length];
        file.ReadFloats("d", read);
        Assert.Equal(values.Select(v => (float)v), read);
    }

    [Fact]
    public void Wrong_use_is_an_error_that_names_the_tensor()
    {
        using var file = SafetensorsFile.Open(TestData.Golden("cells/slstm_zero_state/model.safetensors"));
        Assert.Contains("_bias_", Assert.Throws<ArgumentException>(() => file.ReadFloats("_bias_", new float[63])).Message, StringComparison.Ordinal);
        Assert.Contains("bias", Assert.Throws<CheckpointException>(() => file.ReadFloats("bias", new float[64])).Message, StringComparison.Ordinal);
        Assert.Contains("_bias_", Assert.Throws<CheckpointException>(() => file.ReadInt64("_bias_", new long[64])).Message, StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(TestData.Golden("missing.safetensors")));
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", "tensor b")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "tensor b")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", "header")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[64,72]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,99999999999999999999]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,2],"data_offsets":[0,8]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807,0],"data_offsets":[0,0]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}""", "header")]
    [InlineData("""{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,6]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":"f32","shape":[2],"data_offsets":[0,8]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":"0","shape":[1],"data_offsets":[0,8]}}""", "tensor a")]
    [InlineData("""{"a":{"shape":[2],"data_offsets":[0,8]}}""", "tensor a")]
    [InlineData("""{"a":{"dtype":null,"shape":[2],"data_offsets":[0,8]}}""", "tensor a")]
    [InlineData("""{"a":[]}""", "tensor a")]
    [InlineData("""{"__metadata__":{"a":1}}""", "__metadata__")]
    [InlineData("""{"__metadata__":"pt"}""", "__metadata__")]
    [InlineData("[]", "header")]
    [InlineData("null", "header")]
    [InlineData("{", "header")]
    [InlineData("", "header")]
    [InlineData("\0\0\0\0", "header")]
    [InlineData("PK\u0003\u0004 no JSON at all", "header")]
    public void Headers_that_lie_are_refused_when_the_file_is_opened(string header, string what)
    {
        using var folder = new TemporaryFolder();
        var path = Raw(folder, header);
        var error = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));
        Assert.Equal(path, error.Path);
        Assert.Contains(what, error.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2UL << 30)]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    [InlineData(67UL)]
    public void A_header_longer_than_the_file_is_refused(ulong length)
    {
        using var folder = new TemporaryFolder();
        var path = Raw(folder, "{}", length: length);
        Assert.Equal("the header", Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path)).What);
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        using var folder = new TemporaryFolder();
        var path = Raw(folder, string.Concat(Enumerable.Repeat("{\"a\":", 100_000)));
        Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        var whole = File.ReadAllBytes(TestData.Golden("cells/slstm_zero_state/model.safetensors"));
        using var folder = new TemporaryFolder();
        for (var length = 0; length < whole.Length; length += length < 200 ? 1 : 61)
        {
            var path = folder.File("cut", whole.AsSpan(0, length));
            Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));
        }
    }

    [Fact]
    public void A_file_cut_while_it_is_open_is_an_error_and_no_crash()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "a");
        SafetensorsWriter.Write(path, [Floats("a", 1, 2, 3, 4)]);
        using var file = SafetensorsFile.Open(path);
        if (OperatingSystem.IsWindows())
            Assert.Throws<IOException>(() => File.WriteAllBytes(path, []));
        else
        {
            using (var handle = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
                handle.SetLength(handle.Length - 4);
            Assert.Throws<CheckpointException>(() => file.ReadFloats("a", new float[4]));
        }
    }

    [Fact]
    public void Holes_and_odd_offsets_are_fine()
    {
        using var folder = new TemporaryFolder();
        using var file = SafetensorsFile.Open(Raw(folder, """{"b":{"dtype":"F32","shape":[2],"data_offsets":[33,41]},"a":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}"""));
        Assert.Equal(["a", "b"], file.Tensors.Select(t => t.Name));
        var values = new float[] { 1, 1 };
        file.ReadFloats("b", values);
        Assert.Equal([0, 0], values);
    }

    [Fact]
    public void The_writer_refuses_what_would_not_read_back()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "a");
        void Refuses(string name, params TensorToWrite[] tensors) =>
            Assert.Contains(name, Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, tensors)).Message, StringComparison.Ordinal);
        Refuses("twice", Floats("twice", 1), Floats("twice", 1));
        Refuses("__metadata__", Floats("__metadata__", 1));
        Refuses("short", TensorToWrite.FromFloats("short", [3], new float[2]));
        Refuses("long", TensorToWrite.FromFloats("long", [1], new float[2]));
        Refuses("negative", TensorToWrite.FromFloats("negative", [-1], new float[1]));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }
}
