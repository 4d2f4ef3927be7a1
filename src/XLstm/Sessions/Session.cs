using System.Globalization;

namespace XLstm;

/// <summary>
/// One text in progress: a state of constant size, whatever the length of the text. Not thread-safe; make one for each text,
/// as many as you like over one model. After the first token of a kind of call, nothing is allocated for the next.
/// </summary>
public sealed class Session : IDisposable
{
    // Long prompts go in by segments, so that memory does not grow with their length.
    private const int Segment = 512;

    private readonly Pass _pass;
    private readonly int[] _one = new int[1];
    private readonly int _threads;
    private readonly float[] _logits;

    internal Session(XLstmLanguageModel model, int threads, StackState? state = null, long position = 0)
    {
        Model = model;
        _threads = threads;
        _pass = new Pass(new PassOptions(Threads: threads)) { UpdatesStates = true };
        State = state ?? model.Stack.CreateState();
        Position = position;
        _logits = new float[model.VocabSize];
    }

    /// <summary>The model, shared and unchanged.</summary>
    public XLstmLanguageModel Model { get; }

    /// <summary>Tokens seen so far.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes of the state: what <see cref="Save"/> writes, but for a short header and the last logits.</summary>
    public long StateBytes => State.Bytes;

    /// <summary>Logits after the last token, [vocabulary].</summary>
    public ReadOnlySpan<float> Logits => _logits;

    internal StackState State { get; }

    internal long HeldBytes => _pass.HeldBytes;

    internal Pass Pass => _pass;

    /// <summary>Appends one token and returns the logits of what follows it; valid until the next call.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The token is not in the vocabulary; the session is as it was.</exception>
    public ReadOnlySpan<float> Step(int token)
    {
        CheckToken(token);
        _one[0] = token;
        Run(_one);
        return _logits;
    }

    /// <summary>Appends a prompt, computed by segments in the chunkwise form, and returns the logits of what follows it.</summary>
    /// <exception cref="ArgumentException">The prompt is empty and nothing came before it.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A token is not in the vocabulary; the session is as it was.</exception>
    public ReadOnlySpan<float> Append(ReadOnlySpan<int> tokens, CancellationToken cancellation = default)
    {
        if (tokens.IsEmpty && Position == 0)
            throw new ArgumentException("The prompt is empty and the session has seen nothing: there is nothing to continue.", nameof(tokens));
        foreach (int token in tokens)
            CheckToken(token);
        while (!tokens.IsEmpty)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(Segment, tokens.Length);
            Run(tokens[..count].ToArray());
            tokens = tokens[count..];
        }
        return _logits;
    }

    /// <summary>Back to the start of a text.</summary>
    public void Reset()
    {
        foreach ((_, Tensor tensor) in State.Tensors)
            tensor.Span.Clear();
        _logits.AsSpan().Clear();
        Position = 0;
    }

    /// <summary>An independent session that continues from here.</summary>
    public Session Fork()
    {
        var fork = new Session(Model, _threads, State.Copy(), Position);
        _logits.CopyTo(fork._logits.AsSpan());
        return fork;
    }

    /// <summary>Writes the state as a safetensors file, in one step: the reader sees the old file or the new one.</summary>
    public void Save(string path)
    {
        List<TensorToWrite> tensors = [.. State.Tensors.Select(t => ToWrite(t.Name, t.Tensor))];
        tensors.Add(TensorToWrite.FromFloats("logits", [_logits.Length], _logits));
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["format"] = "xlstm-net-session",
            ["version"] = "1",
            ["model"] = Model.Fingerprint(),
            ["position"] = Position.ToString(CultureInfo.InvariantCulture),
        });
    }

    /// <summary>Restores a session that <see cref="Save"/> wrote; it continues bit for bit.</summary>
    /// <exception cref="CheckpointException">The file is damaged, or belongs to a model of other sizes.</exception>
    public static Session Load(XLstmLanguageModel model, string path, int threads = 0)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (file.Metadata.GetValueOrDefault("format") != "xlstm-net-session" || file.Metadata.GetValueOrDefault("version") != "1"
            || !long.TryParse(file.Metadata.GetValueOrDefault("position"), NumberStyles.None, CultureInfo.InvariantCulture, out long position))
            throw new CheckpointException(path, "metadata", "a session of version 1", "something else");
        if (file.Metadata.GetValueOrDefault("model") != model.Fingerprint())
            throw new CheckpointException(path, "metadata model", model.Fingerprint(), file.Metadata.GetValueOrDefault("model") ?? "nothing", "The session belongs to another model, or to other weights of this one.");
        var session = new Session(model, threads, null, position);
        try
        {
            foreach ((string name, Tensor tensor) in session.State.Tensors)
                Read(file, name, tensor.Shape.ToString(), tensor.Length, tensor.Span, path);
            int known = session.State.Tensors.Count() + 1;
            if (file.Tensors.Count != known)
                throw new CheckpointException(path, "the tensors", $"{known}", $"{file.Tensors.Count}", "The session belongs to another model.");
            Read(file, "logits", $"[{session._logits.Length}]", session._logits.Length, session._logits, path);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public void Dispose() => _pass.Dispose();

    private static void Read(SafetensorsFile file, string name, string shape, int length, Span<float> destination, string path)
    {
        if (!file.Contains(name))
            throw new CheckpointException(path, $"tensor {name}", shape, "nothing", "The session belongs to another model.");
        TensorInfo info = file.Info(name);
        string found = $"[{string.Join(", ", info.Shape)}]";
        if (info.Count != length || found != shape)
            throw new CheckpointException(path, $"tensor {name}", shape, found, "The session belongs to another model.");
        file.ReadFloats(name, destination);
    }

    private static TensorToWrite ToWrite(string name, Tensor tensor) => TensorToWrite.FromFloats(
        name, [.. Enumerable.Range(0, tensor.Shape.Rank).Select(i => (long)tensor.Shape[i])], tensor.Span.ToArray());

    private void Run(int[] tokens)
    {
        _pass.Reset();
        (Tensor hidden, _) = Model.Hidden(tokens, 1, State, _pass);
        Tensor last = tokens.Length == 1 ? hidden : Ops.Last(_pass, hidden);
        Model.Logits(last, _pass).Span.CopyTo(_logits);
        Position += tokens.Length;
    }

    private void CheckToken(int token)
    {
        if ((uint)token >= (uint)Model.VocabSize)
            throw new ArgumentOutOfRangeException(nameof(token), token, $"Token {token} is not in the vocabulary of {Model.VocabSize}.");
    }
}
