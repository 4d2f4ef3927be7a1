using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace XLstm.Tests.Checkpoints;

/// <summary>Writes pickles opcode by opcode and puts them into files as torch.save does, so that they can say what torch.save never would.</summary>
internal sealed class TorchWriter
{
    private readonly List<byte> bytes = [];

    internal TorchWriter() => Op(0x80, 2);

    internal byte[] End()
    {
        Op((byte)'.');
        return [.. bytes];
    }

    internal TorchWriter Op(params ReadOnlySpan<byte> opcodes)
    {
        bytes.AddRange(opcodes);
        return this;
    }

    internal TorchWriter Op(string opcodes) => Op(Encoding.Latin1.GetBytes(opcodes));

    internal TorchWriter Repeat(int count, string opcodes) => Op(string.Concat(Enumerable.Repeat(opcodes, count)));

    internal TorchWriter Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        return Op("X").U32((uint)utf8.Length).Op(utf8);
    }

    internal TorchWriter U32(uint value)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(number, value);
        return Op(number);
    }

    internal TorchWriter I64(long value)
    {
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, value);
        return Op(number);
    }

    internal TorchWriter Whole(long value) => Op(0x8a, 8).I64(value);

    internal TorchWriter Wholes(params long[] values)
    {
        Op("(");
        foreach (var value in values)
            Whole(value);
        return Op("t");
    }

    internal TorchWriter Class(string module, string name) => Op($"c{module}\n{name}\n");

    internal TorchWriter Storage(string key, long count, string type = "FloatStorage") =>
        Op("(").Text("storage").Class("torch", type).Text(key).Text("cpu").Whole(count).Op("tQ");

    /// <summary>A tensor over a storage of <paramref name="count"/> floats under the key "0".</summary>
    internal TorchWriter Tensor(long count, long offset, long[] shape, long[] strides) =>
        Class("torch._utils", "_rebuild_tensor_v2").Op("(").Storage("0", count).Whole(offset).Wholes(shape).Wholes(strides).Op([0x89]).Class("collections", "OrderedDict").Op(")RtR");

    /// <summary>An archive with the pickle and its storages, under keys from "0" on, at their places in it.</summary>
    internal static byte[] Archive(byte[] pickle, params byte[][] storages) => Archive(pickle, CompressionLevel.NoCompression, storages);

    internal static byte[] Archive(byte[] pickle, CompressionLevel level, params byte[][] storages) =>
        Zip(level, [("a/data.pkl", pickle), .. storages.Select((storage, i) => ($"a/data/{i}", storage))]);

    internal static byte[] Zip(CompressionLevel level, params (string Name, byte[] Bytes)[] entries)
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                using var entry = zip.CreateEntry(name, level).Open();
                entry.Write(content);
            }
        }
        return stream.ToArray();
    }

    /// <summary>The pickles and storages in a row of old files.</summary>
    internal static byte[] Row(byte[] pickle, params (string Key, byte[] Elements, long Count)[] storages)
    {
        var file = new MemoryStream();
        file.Write(new TorchWriter().Op([0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]).End());
        file.Write(new TorchWriter().Whole(1001).End());
        file.Write(new TorchWriter().Op("}").End());
        file.Write(pickle);
        var keys = new TorchWriter().Op("](");
        foreach (var storage in storages)
            keys.Text(storage.Key);
        file.Write(keys.Op("e").End());
        foreach (var (_, elements, count) in storages)
        {
            file.Write(BitConverter.GetBytes(count));
            file.Write(elements);
        }
        return file.ToArray();
    }
}
