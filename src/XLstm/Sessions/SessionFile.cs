using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace XLstm;

/// <summary>Sessions as safetensors files: every tensor of the state, the last logits, and in the metadata format, version, model, position and checksum.</summary>
internal static class SessionFile
{
    public const string Version = "2";

    private const string Format = "xlstm-net-session", LogitsName = "logits";

    public static void Write(string path, Session session)
    {
        (string Name, Shape Shape, float[] Values)[] tensors = [
            .. session.State.Tensors.Select(t => (t.Name, t.Tensor.Shape, t.Tensor.Span.ToArray())),
            (LogitsName, new Shape(session.Logits.Length), session.Logits.ToArray())];
        string model = session.Model.Fingerprint(), position = session.Position.ToString(CultureInfo.InvariantCulture);
        SafetensorsWriter.Write(
            path, [.. tensors.Select(t => TensorToWrite.FromFloats(t.Name, [.. Enumerable.Range(0, t.Shape.Rank).Select(i => (long)t.Shape[i])], t.Values))],
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["format"] = Format,
                ["version"] = Version,
                ["model"] = model,
                ["position"] = position,
                ["sha256"] = Checksum(model, position, tensors.Select(t => (t.Name, (ReadOnlyMemory<float>)t.Values))),
            });
    }

    /// <summary>Fills a new session of the model from a file.</summary>
    /// <exception cref="CheckpointException">It is no session, of another version, of another model, or damaged.</exception>
    public static Session Read(XLstmLanguageModel model, SafetensorsFile file, int threads)
    {
        string path = file.Path;
        if (Text("format") != Format)
            throw new CheckpointException(path, "metadata", "a session", "something else");
        if (Text("version") != Version)
            throw new CheckpointException(path, "metadata version", $"a session of version {Version}", $"version {Text("version")}", "It was written by another version of this library: let the model read its text again.");
        if (!long.TryParse(Text("position"), NumberStyles.None, CultureInfo.InvariantCulture, out long position))
            throw new CheckpointException(path, "metadata position", "a number of tokens", Text("position"));
        if (Text("model") != model.Fingerprint())
            throw new CheckpointException(path, "metadata model", model.Fingerprint(), Text("model"), "The session belongs to another model, or to other weights of this one.");
        StackState state = model.Stack.CreateState();
        var logits = new Tensor(new Shape(model.VocabSize));
        (string Name, Tensor Tensor)[] tensors = [.. state.Tensors, (LogitsName, logits)];
        if (file.Tensors.Count != tensors.Length)
            throw new CheckpointException(path, "the tensors", $"{tensors.Length}", $"{file.Tensors.Count}", "The session belongs to another model.");
        foreach ((string name, Tensor tensor) in tensors)
            Read(file, name, tensor);
        if (Text("sha256") != Checksum(Text("model"), Text("position"), tensors.Select(t => (t.Name, (ReadOnlyMemory<float>)t.Tensor.Span.ToArray()))))
            throw new CheckpointException(path, "the checksum", Text("sha256"), "another one", "The file is damaged: take another copy, or let the model read its text again.");
        return new Session(model, threads, state, position, logits.Span);

        string Text(string key) => file.Metadata.GetValueOrDefault(key, "nothing");
    }

    /// <summary>Whether the numbers of a file are those that its checksum was made of.</summary>
    public static bool IsWhole(SafetensorsFile file) =>
        file.Tensors.All(t => t.DType == DType.F32 && t.Count <= Array.MaxLength)
        && file.Metadata.GetValueOrDefault("sha256") == Checksum(file.Metadata.GetValueOrDefault("model", ""), file.Metadata.GetValueOrDefault("position", ""), file.Tensors.Select(t =>
        {
            var values = new float[t.Count];
            file.ReadFloats(t.Name, values);
            return (t.Name, (ReadOnlyMemory<float>)values);
        }));

    private static void Read(SafetensorsFile file, string name, Tensor tensor)
    {
        string shape = tensor.Shape.ToString();
        if (!file.Contains(name))
            throw new CheckpointException(file.Path, $"tensor {name}", shape, "nothing", "The session belongs to another model.");
        TensorInfo info = file.Info(name);
        string found = $"[{string.Join(", ", info.Shape)}]";
        if (info.DType != DType.F32 || found != shape)
            throw new CheckpointException(file.Path, $"tensor {name}", $"F32 {shape}", $"{info.DType} {found}", "The session belongs to another model.");
        file.ReadFloats(name, tensor.Span);
    }

    // Of everything that the session is: names and numbers of the tensors, whose model they belong to, where the text is.
    private static string Checksum(string model, string position, IEnumerable<(string Name, ReadOnlyMemory<float> Values)> tensors)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{Format} {Version} {model} {position}\n"));
        foreach ((string name, ReadOnlyMemory<float> values) in tensors)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {values.Length}\n"));
            hash.AppendData(MemoryMarshal.AsBytes(values.Span));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
