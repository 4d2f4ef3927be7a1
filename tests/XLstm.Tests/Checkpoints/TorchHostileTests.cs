using System.IO.Compression;

namespace XLstm.Tests.Checkpoints;

public sealed class TorchHostileTests
{
    private const long ManyBytes = 100 << 20;

    private static CheckpointException Refused(byte[] content)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("x.pt", content);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<CheckpointException>(() => TorchFile.Open(path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, ManyBytes);
        Assert.Equal(path, error.Path);
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
        return error;
    }

    private static void Refused(TorchWriter pickle, string what)
    {
        var bytes = pickle.End();
        Assert.Contains(what, Refused(TorchWriter.Archive(bytes, new byte[64])).Message, StringComparison.Ordinal);
        Assert.Contains(what, Refused(TorchWriter.Row(bytes, ("0", new byte[64], 16))).Message, StringComparison.Ordinal);
    }

    private static void Opened(byte[] content, Action<TorchFile> check)
    {
        using var folder = new TemporaryFolder();
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var file = TorchFile.Open(folder.File("x.pt", content));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, ManyBytes);
        check(file);
    }

    [Fact]
    public void Calls_stay_names()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "owned");
        var pickle = new TorchWriter().Op("}(").Text("a").Class("posix", "system").Op("(").Text($"touch {path}").Op("tR")
            .Text("b").Class("builtins", "eval").Op("(").Text("1/0").Op("tR")
            .Text("c").Class("torch.storage", "_load_from_bytes").Op("(").Op("C\u0003abc").Op("tR")
            .Text("w").Tensor(2, 0, [2], [1]).Op("u");
        Opened(TorchWriter.Archive(pickle.End(), new byte[8]), file =>
        {
            var call = file.Root.Find("a")!;
            Assert.Equal((TorchKind.Instance, "posix.system", $"touch {path}"), (call.Kind, call.TypeName, call.Arguments[0].Text));
            Assert.Equal("1/0", file.Root.Find("b")!.Arguments[0].Text);
            Assert.Equal(3, file.Root.Find("c")!.Arguments[0].Bytes.Length);
            Assert.Equal("w F32 [2]", file.Tensors.Single().ToString());
        });
        Assert.False(File.Exists(path));
    }

    [Theory]
    [InlineData("]q\0h\0a")]
    [InlineData("}q\0K\u0001h\0s")]
    [InlineData("ca\nb\n)\u0081q\0h\0b")]
    [InlineData("]q\0(h\0h\0h\0ta")]
    public void What_stands_within_itself_is_no_endless_loop(string opcodes) =>
        Opened(TorchWriter.Archive(new TorchWriter().Op(opcodes).End()), file =>
        {
            Assert.Empty(file.Tensors);
            Assert.True(Record.Exception(() => file.ToJson(file.Root)) is null or CheckpointException);
        });

    [Fact]
    public void A_small_file_is_no_endless_tree()
    {
        var pickle = new TorchWriter().Op("]q\0");
        for (var level = 0; level < 60; level++)
            pickle.Op("]q").Op((byte)(level + 1)).Op("(h").Op((byte)level).Op("h").Op((byte)level).Op("e");
        Assert.Contains("again and again", Refused(TorchWriter.Archive(pickle.End(), new byte[64])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_names_that_lead_to_each_other_are_no_memory_of_their_product()
    {
        var pickle = new TorchWriter().Text(new string('x', 20_000)).Op("q\0").Tensor(1, 0, [], []).Op("q\u0001");
        for (var level = 0; level < 200; level++)
            pickle.Op("}(h\0").Op([(byte)'h', (byte)(level == 0 ? 1 : 2)]).Text($"{level}").Op("h\u0001uq\u0002");
        Assert.Contains("again and again", Refused(TorchWriter.Archive(pickle.End(), new byte[64])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X\u00ff\u00ff\u00ff\u007f")]
    [InlineData("X\u00ff\u00ff\u00ff\u00ff")]
    [InlineData("B\u00ff\u00ff\u00ff\u00ff")]
    [InlineData("\u008d\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u007f")]
    [InlineData("\u008e\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff")]
    [InlineData("\u0096\0\0\0\0\u0001\0\0\0")]
    [InlineData("\u008b\u00ff\u00ff\u00ff\u007f")]
    [InlineData("\u008b\u00ff\u00ff\u00ff\u00ff")]
    [InlineData("t")]
    [InlineData("(tt")]
    [InlineData("\u0087")]
    [InlineData("N(\u0085")]
    [InlineData("R")]
    [InlineData("NNR")]
    [InlineData("Na")]
    [InlineData(")Na")]
    [InlineData("}Na")]
    [InlineData("]NNs")]
    [InlineData("}(Nu")]
    [InlineData("}(NNNu")]
    [InlineData("}(X\u0001\0\0\0aNX\u0001\0\0\0aNu")]
    [InlineData("h\u0005")]
    [InlineData("Nq\u0002h\u0001")]
    [InlineData("Nr\u00ff\u00ff\u00ff\u00ff")]
    [InlineData("NQ")]
    [InlineData("(NNNNNtQ")]
    [InlineData("X\u0001\0\0\0\u00ff")]
    [InlineData("I12x\n")]
    [InlineData("L\n")]
    [InlineData("c\u00ff\n")]
    [InlineData("NN\u0093")]
    [InlineData("\u0080\u0006")]
    [InlineData("\u0082\u0001")]
    [InlineData("\u0097")]
    [InlineData("P0\n")]
    [InlineData("\0")]
    [InlineData("")]
    public void Opcodes_that_lie_are_refused(string opcodes) => Refused(new TorchWriter().Op(opcodes), "at byte");

    [Fact]
    public void Very_long_and_very_deep_pickles_are_refused()
    {
        Assert.Contains("levels", Refused(TorchWriter.Archive(new TorchWriter().Op("N").Repeat(1_000_000, "\u0085").End())).Message, StringComparison.Ordinal);
        Refused(new TorchWriter().Repeat(2_000_001, "N"), "objects");
        Refused(new TorchWriter().Op("N").Repeat(1_000_000, "(").Op("tR"), "on the stack");
        Refused(new TorchWriter().Op("I").Repeat(100_000, "9").Op("\n"), "line");
        Refused(new TorchWriter().Op("I").Repeat(1_000, "9").Op("\n"), "whole number");
        Refused(new TorchWriter().Op("c").Repeat(1_000, "n").Op("\nn\n"), "name of a class");
    }

    [Theory]
    [InlineData(16, 0, "17", "1")]
    [InlineData(16, 16, "1", "1")]
    [InlineData(16, 16, "", "")]
    [InlineData(16, 1, "4 4", "4 1")]
    [InlineData(16, 0, "2", "-1")]
    [InlineData(16, 0, "-2", "1")]
    [InlineData(16, -1, "2", "1")]
    [InlineData(16, 0, "2 2", "2")]
    [InlineData(16, 0, "2", "9223372036854775807")]
    [InlineData(16, 0, "3 2", "4611686018427387904 9223372036854775807")]
    [InlineData(16, 9223372036854775807, "2", "1")]
    [InlineData(16, 0, "9223372036854775807", "0")]
    [InlineData(16, 0, "4294967296 4294967296 4294967296", "0 0 0")]
    [InlineData(16, 0, "9223372036854775807 2 0", "0 0 0")]
    [InlineData(16, 0, "1000000", "0")]
    [InlineData(17, 0, "2", "1")]
    [InlineData(4611686018427387904, 0, "2", "1")]
    [InlineData(-1, 0, "2", "1")]
    [InlineData(16, 0, "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1")]
    public void Views_outside_of_their_storage_are_refused(long count, long offset, string shape, string strides)
    {
        static long[] Numbers(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse)];
        Refused(new TorchWriter().Op("}").Text("w").Tensor(count, offset, Numbers(shape), Numbers(strides)).Op("s"), "expected");
    }

    [Fact]
    public void Tensors_without_their_arguments_are_refused()
    {
        Refused(new TorchWriter().Class("torch._utils", "_rebuild_tensor_v2").Op(")R"), "of a tensor");
        Refused(new TorchWriter().Class("torch._utils", "_rebuild_tensor_v2").Op("(NNNNtR"), "of a tensor");
        Refused(new TorchWriter().Class("torch._utils", "_rebuild_tensor_v2").Op("(").Storage("0", 16).Op("NNNtR"), "of a tensor");
        Refused(new TorchWriter().Class("torch._utils", "_rebuild_tensor_v2").Op("(").Storage("0", 16).Whole(0).Op("(Nt(NttR"), "sizes");
    }

    [Theory]
    [InlineData("../data.pkl")]
    [InlineData("1")]
    [InlineData("")]
    public void Storages_are_entries_of_the_archive_and_nothing_else(string key) =>
        Assert.Contains("storage", Refused(TorchWriter.Archive(new TorchWriter().Storage(key, 1).End(), new byte[4])).What, StringComparison.Ordinal);

    [Fact]
    public void Archives_that_lie_are_refused()
    {
        var pickle = new TorchWriter().Op("N").End();
        var none = CompressionLevel.NoCompression;
        Assert.Contains("data.pkl", Refused(TorchWriter.Zip(none, ("data.pkl", pickle))).Message, StringComparison.Ordinal);
        Assert.Contains("data.pkl", Refused(TorchWriter.Zip(none, ("a/data.pkl", pickle), ("b/data.pkl", pickle))).Message, StringComparison.Ordinal);
        Assert.Contains("entry a/data.pkl", Refused(TorchWriter.Zip(none, ("a/data.pkl", pickle), ("a/data.pkl", pickle))).Message, StringComparison.Ordinal);
        Assert.Contains("byteorder", Refused(TorchWriter.Zip(none, ("a/data.pkl", pickle), ("a/byteorder", "middle"u8.ToArray()))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Entries_that_share_bytes_are_refused()
    {
        var archive = TorchWriter.Archive(new TorchWriter().Op("N").End(), new byte[1000], new byte[1000]);
        var (first, second) = (archive.AsSpan().LastIndexOf("a/data/0"u8), archive.AsSpan().LastIndexOf("a/data/1"u8));
        // The directory's place of the second entry becomes that of the first.
        archive.AsSpan(first - 4, 4).CopyTo(archive.AsSpan(second - 4));
        Assert.Contains("bytes of its own", Refused(archive).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bombs_are_refused_before_they_are_unpacked()
    {
        var pickle = new TorchWriter().Op("}").Text("w").Tensor(1 << 22, 0, [1 << 22], [1]).Op("s").End();
        var archive = TorchWriter.Archive(pickle, CompressionLevel.Optimal, new byte[1 << 24]);
        Assert.Contains("when unpacked", Refused(archive).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(+1)]
    [InlineData(-1)]
    public void A_packed_entry_of_another_size_is_refused_when_it_is_read(int more)
    {
        var archive = TorchWriter.Archive(new TorchWriter().Op("}").Text("w").Tensor(8, 0, [8], [1]).Op("s").End(), CompressionLevel.Optimal, [.. Enumerable.Range(0, 64).Select(i => (byte)(i * i))]);
        var entry = archive.AsSpan().LastIndexOf("a/data/0"u8) - 46;
        archive[entry + 24] = (byte)(64 + more);
        Opened(archive, file => Assert.Throws<CheckpointException>(() => file.ReadFloats("w", new float[8])));
    }

    [Fact]
    public void Rows_that_lie_are_refused()
    {
        var pickle = new TorchWriter().Op("}").Text("w").Tensor(2, 0, [2], [1]).Op("s").End();
        Assert.Contains("storage 0", Refused(TorchWriter.Row(pickle)).What, StringComparison.Ordinal);
        Assert.Contains("keys", Refused(TorchWriter.Row(pickle, ("1", new byte[8], 2))).What, StringComparison.Ordinal);
        Assert.Contains("keys", Refused(TorchWriter.Row(pickle, ("0", new byte[8], 2), ("0", new byte[8], 2))).What, StringComparison.Ordinal);
        foreach (var count in new[] { 1, 3, -1, long.MaxValue, long.MinValue })
            Assert.Contains("storage 0", Refused(TorchWriter.Row(pickle, ("0", new byte[8], count))).What, StringComparison.Ordinal);
        Assert.Contains("version", Refused([.. new TorchWriter().Op([0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]).End(), .. pickle]).What, StringComparison.Ordinal);
        Assert.Contains("plain pickle", Refused(pickle).Message, StringComparison.Ordinal);
    }
}
