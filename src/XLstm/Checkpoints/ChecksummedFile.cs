using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace XLstm;

/// <summary>Safetensors files of floats that one goes on from; their metadata hold the SHA-256 of everything else in them.</summary>
internal static class ChecksummedFile
{
    private const string Key = "sha256";

    public static void Write(string path, IReadOnlyCollection<(string Name, Tensor Values)> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        TensorToWrite[] parts = [.. tensors.Select(t => new TensorToWrite(t.Name, DType.F32, Sizes(t.Values.Shape), stream => stream.Write(MemoryMarshal.AsBytes(t.Values.Span))))];
        using var hash = new Checksum(metadata);
        foreach ((TensorToWrite part, (_, Tensor values)) in parts.Zip(tensors))
            hash.Add(part.Name, part.Shape, MemoryMarshal.AsBytes(values.Span));
        SafetensorsWriter.Write(path, parts, new Dictionary<string, string>(metadata, StringComparer.Ordinal) { [Key] = hash.Text() });
    }

    /// <exception cref="CheckpointException">A bit of the file is not what was written.</exception>
    public static void Check(SafetensorsFile file, string advice)
    {
        if (!IsWhole(file))
            throw new CheckpointException(file.Path, "the checksum", file.Metadata.GetValueOrDefault(Key, "one"), "another one", $"The file is damaged: {advice}");
    }

    public static bool IsWhole(SafetensorsFile file)
    {
        using var hash = new Checksum(file.Metadata);
        foreach (TensorInfo tensor in file.Tensors)
        {
            if (tensor.DType != DType.F32 || tensor.ByteLength > Array.MaxLength)
                return false;
            byte[] bytes = GC.AllocateUninitializedArray<byte>((int)tensor.ByteLength);
            file.ReadBytes(tensor.Name, bytes);
            hash.Add(tensor.Name, tensor.Shape, bytes);
        }
        return file.Metadata.GetValueOrDefault(Key) == hash.Text();
    }

    /// <summary>Sizes as files have them.</summary>
    public static long[] Sizes(Shape shape) => [.. Enumerable.Range(0, shape.Rank).Select(i => (long)shape[i])];

    private sealed class Checksum : IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public Checksum(IReadOnlyDictionary<string, string> metadata)
        {
            foreach ((string key, string value) in metadata.Where(pair => pair.Key != Key).OrderBy(pair => pair.Key, StringComparer.Ordinal))
                Add($"{key.Length} {key} {value.Length} {value}\n");
        }

        public void Add(string name, IEnumerable<long> shape, ReadOnlySpan<byte> values)
        {
            Add($"{name} [{string.Join(", ", shape)}]\n");
            _hash.AppendData(values);
        }

        public string Text() => Convert.ToHexStringLower(_hash.GetCurrentHash());

        public void Dispose() => _hash.Dispose();

        private void Add(string text) => _hash.AppendData(Encoding.UTF8.GetBytes(text));
    }
}
