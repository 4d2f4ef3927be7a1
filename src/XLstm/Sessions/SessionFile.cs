using System.Globalization;

namespace XLstm;

/// <summary>Sessions as safetensors files: every tensor of the state, the last logits, and in the metadata format, version, model, position, notes and checksum.</summary>
internal static class SessionFile
{
    public const string Version = "3";

    private const string Format = "xlstm-net-session", LogitsName = "logits", NotePrefix = "note.";

    public static void Write(string path, Session session)
    {
        var logits = new Tensor(new Shape(session.Logits.Length));
        session.Logits.CopyTo(logits.Span);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["format"] = Format,
            ["version"] = Version,
            ["model"] = session.Model.Fingerprint(),
            ["position"] = session.Position.ToString(CultureInfo.InvariantCulture),
        };
        foreach ((string name, string note) in session.Notes)
            metadata.Add(NotePrefix + name, note);
        ChecksummedFile.Write(path, [.. session.State.Tensors, (LogitsName, logits)], metadata);
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
        ChecksummedFile.Check(file, "take another copy, or let the model read its text again.");
        foreach ((string name, Tensor tensor) in tensors)
            Read(file, name, tensor);
        var session = new Session(model, threads, state, position, logits.Span);
        foreach ((string name, string note) in Notes(file.Metadata))
            session.Notes.Add(name, note);
        return session;

        string Text(string key) => file.Metadata.GetValueOrDefault(key, "nothing");
    }

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

    /// <summary>Notes by their names, of the metadata of a session.</summary>
    public static IEnumerable<(string Name, string Note)> Notes(IReadOnlyDictionary<string, string> metadata) =>
        metadata.Where(pair => pair.Key.StartsWith(NotePrefix, StringComparison.Ordinal)).Select(pair => (pair.Key[NotePrefix.Length..], pair.Value)).OrderBy(note => note.Item1, StringComparer.Ordinal);
}
