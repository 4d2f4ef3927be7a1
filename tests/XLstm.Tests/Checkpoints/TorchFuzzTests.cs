using System.IO.Compression;

namespace XLstm.Tests.Checkpoints;

/// <summary>Whatever the bytes, a file opens or is refused, in bounded memory.</summary>
public sealed class TorchFuzzTests
{
    private const long ManyBytes = 8 << 20;

    private static byte[] Bytes(string name) => name == "packed"
        ? TorchWriter.Archive(new TorchWriter().Op("}(").Text("v").Tensor(12, 0, [3, 4], [4, 1]).Text("w").Tensor(12, 0, [4, 3], [1, 4]).Op("u").End(), CompressionLevel.Optimal, [.. Enumerable.Range(0, 48).Select(i => (byte)(i / 5))])
        : File.ReadAllBytes(TestData.Golden("tirex/torch_ckpt_formats/" + name));

    private static void Survives(string path, ReadOnlySpan<byte> content)
    {
        File.WriteAllBytes(path, content);
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using var file = TorchFile.Open(path);
            foreach (var tensor in file.Tensors)
                file.ReadBytes(tensor.Name, new byte[tensor.ByteLength]);
            file.ToJson(file.Root);
        }
        catch (CheckpointException)
        {
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, ManyBytes);
    }

    [Theory]
    [InlineData("stress.pt")]
    [InlineData("stress_legacy.pt")]
    [InlineData("packed")]
    public void Any_byte_may_be_another(string name)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, name);
        var bytes = Bytes(name);
        for (var i = 0; i < bytes.Length; i++)
        {
            var was = bytes[i];
            foreach (var flip in (ReadOnlySpan<byte>)[0x01, 0xff])
            {
                bytes[i] = (byte)(was ^ flip);
                Survives(path, bytes);
            }
            bytes[i] = was;
        }
    }

    [Theory]
    [InlineData("stress.pt")]
    [InlineData("stress_legacy.pt")]
    [InlineData("packed")]
    public void A_file_may_end_anywhere(string name)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, name);
        var bytes = Bytes(name);
        for (var length = 0; length < bytes.Length; length++)
        {
            File.WriteAllBytes(path, bytes.AsSpan(0, length));
            Assert.Throws<CheckpointException>(() => TorchFile.Open(path));
        }
    }

    [Fact]
    public void Any_opcodes_may_follow_each_other()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "x.pt");
        // Enough of what makes containers, calls and tensors that random pickles get somewhere.
        Action<TorchWriter>[] pieces =
        [
            p => p.Op("("), p => p.Op("t"), p => p.Op("]"), p => p.Op("}"), p => p.Op(")"), p => p.Op("a"), p => p.Op("e"), p => p.Op("s"), p => p.Op("u"),
            p => p.Op("b"), p => p.Op("R"), p => p.Op([0x81]), p => p.Op([0x85]), p => p.Op([0x86]), p => p.Op("q\0"), p => p.Op("h\0"), p => p.Op("q\u0001"), p => p.Op("h\u0001"),
            p => p.Op("2"), p => p.Op("0"), p => p.Op("N"), p => p.Op("K\u0002"), p => p.Whole(long.MaxValue), p => p.Text("k"), p => p.Text("storage"), p => p.Op("Q"),
            p => p.Class("collections", "OrderedDict"), p => p.Class("torch._utils", "_rebuild_tensor_v2"), p => p.Class("torch._utils", "_rebuild_parameter"), p => p.Class("x", "y"),
            p => p.Class("torch._utils", "_rebuild_tensor_v3"), p => p.Class("torch._tensor", "_rebuild_from_type_v2"),
            p => p.Storage("0", 16), p => p.Tensor(16, 1, [2, 3], [3, 1]), p => p.Tensor(16, 0, [3, 4], [1, 4]), p => p.Wholes(2, 3),
        ];
        var random = new Random(7);
        for (var n = 0; n < 3_000; n++)
        {
            var pickle = new TorchWriter();
            for (var i = random.Next(1, 40); i > 0; i--)
                pieces[random.Next(pieces.Length)](pickle);
            Survives(path, TorchWriter.Row(pickle.End(), ("0", new byte[64], 16)));
        }
    }
}
