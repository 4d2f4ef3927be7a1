namespace XLstm;

/// <summary>
/// One text in progress: a state of constant size, whatever the length of the text. Not thread-safe; make one for each text,
/// as many as you like over one model. After the first token of a kind of call, nothing is allocated for the next.
/// </summary>
public sealed class Session : IDisposable
{
    // Long prompts go in by segments, so that memory does not grow with their length.
    internal const int Segment = 512;

    private readonly Pass _pass;
    private readonly int[] _one = new int[1];
    private readonly int _threads;
    private readonly float[] _logits;

    internal Session(XLstmLanguageModel model, int threads, StackState? state = null, long position = 0, ReadOnlySpan<float> logits = default)
    {
        Model = model;
        _threads = threads;
        _pass = new Pass(new PassOptions(Threads: threads)) { UpdatesStates = true };
        State = state ?? model.Stack.CreateState();
        Position = position;
        _logits = new float[model.VocabSize];
        logits.CopyTo(_logits);
    }

    /// <summary>The model, shared and unchanged.</summary>
    public XLstmLanguageModel Model { get; }

    /// <summary>Tokens seen so far.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes of the state: what <see cref="Save(string)"/> writes, but for a short header and the last logits.</summary>
    public long StateBytes => State.Bytes;

    /// <summary>Logits after the last token, [vocabulary].</summary>
    public ReadOnlySpan<float> Logits => _logits;

    /// <summary>What a program wants to find again beside the text, by name: <see cref="Save(string)"/> writes it, a fork has a copy of its own. The model never sees it.</summary>
    public IDictionary<string, string> Notes { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

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
    /// <exception cref="OperationCanceledException">The session has read whole segments; <see cref="Position"/> tells how many tokens.</exception>
    public ReadOnlySpan<float> Append(ReadOnlySpan<int> tokens, CancellationToken cancellation = default) => Append(tokens, null, cancellation);

    /// <inheritdoc cref="Append(ReadOnlySpan{int}, CancellationToken)"/>
    /// <param name="tokens">The prompt.</param>
    /// <param name="progress">Hears of every segment that has been read, and before of every block of the model that a segment is through.</param>
    /// <param name="cancellation">Stops within a segment, after a block of the model.</param>
    public ReadOnlySpan<float> Append(ReadOnlySpan<int> tokens, IProgress<PromptProgress>? progress, CancellationToken cancellation = default)
    {
        if (tokens.IsEmpty && Position == 0)
            throw new ArgumentException("The prompt is empty and the session has seen nothing: there is nothing to continue.", nameof(tokens));
        foreach (int token in tokens)
            CheckToken(token);
        cancellation.ThrowIfCancellationRequested();
        // A segment that is stopped has changed the states of some blocks and not of others.
        StackState? before = (cancellation.CanBeCanceled || progress is not null) && !tokens.IsEmpty ? State.Copy() : null;
        _pass.Cancellation = cancellation;
        try
        {
            for (int read = 0; read < tokens.Length;)
            {
                int count = Math.Min(Segment, tokens.Length - read);
                _pass.BlockDone = progress is null ? null : Blocks(progress, read, count, tokens.Length);
                Run(tokens.Slice(read, count).ToArray());
                read += count;
                if (read < tokens.Length || progress is not null)
                    Copy(State, before);
                progress?.Report(new PromptProgress(read, tokens.Length));
            }
        }
        catch when (before is not null)
        {
            Copy(before, State);
            throw;
        }
        finally
        {
            (_pass.Cancellation, _pass.BlockDone) = (default, null);
        }
        return _logits;
    }

    // After the last block comes the head, and then the segment is told.
    private Action<int> Blocks(IProgress<PromptProgress> progress, int read, int count, int total)
    {
        int all = Model.Stack.Blocks.Count;
        return done =>
        {
            if (done < all)
                progress.Report(new PromptProgress(read, total) { Share = (read + ((double)count * done / all)) / total });
        };
    }

    /// <summary>Back to the start of a text, without <see cref="Notes"/>.</summary>
    public void Reset()
    {
        foreach ((_, Tensor tensor) in State.Tensors)
            tensor.Span.Clear();
        _logits.AsSpan().Clear();
        Notes.Clear();
        Position = 0;
    }

    /// <summary>An independent session that continues from here.</summary>
    public Session Fork()
    {
        var fork = new Session(Model, _threads, State.Copy(), Position);
        _logits.CopyTo(fork._logits.AsSpan());
        foreach ((string name, string note) in Notes)
            fork.Notes.Add(name, note);
        return fork;
    }

    /// <summary>Writes the state and <see cref="Notes"/> as a safetensors file, in one step: the reader sees the old file or the new one.</summary>
    public void Save(string path) => SessionFile.Write(path, this);

    /// <summary>Writes the same to a stream.</summary>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        string path = Path.GetTempFileName();
        try
        {
            Save(path);
            using FileStream file = File.OpenRead(path);
            file.CopyTo(stream);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Restores a session that <see cref="Save(string)"/> wrote; it continues bit for bit.</summary>
    /// <exception cref="CheckpointException">The file is damaged, of another version, or belongs to another model or other weights.</exception>
    public static Session Load(XLstmLanguageModel model, string path, int threads = 0)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return SessionFile.Read(model, file, threads);
    }

    /// <summary>Restores a session from what <see cref="Save(Stream)"/> wrote, to the end of the stream.</summary>
    /// <exception cref="CheckpointException">The content is damaged, of another version, or belongs to another model or other weights.</exception>
    public static Session Load(XLstmLanguageModel model, Stream stream, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        using SafetensorsFile file = SafetensorsFile.Of("the session", bytes.GetBuffer().AsMemory(0, (int)bytes.Length));
        return SessionFile.Read(model, file, threads);
    }

    public void Dispose() => _pass.Dispose();

    private static void Copy(StackState from, StackState? to)
    {
        if (to is not null)
            foreach (((_, Tensor source), (_, Tensor destination)) in from.Tensors.Zip(to.Tensors))
                source.Span.CopyTo(destination.Span);
    }

    private void Run(int[] tokens)
    {
        _pass.Reset();
        (Tensor last, _) = tokens.Length == 1 ? Model.Hidden(tokens, 1, State, _pass) : Model.LastHidden(tokens, 1, State, _pass);
        Model.Logits(last, _pass).Span.CopyTo(_logits);
        Position += tokens.Length;
    }

    private void CheckToken(int token)
    {
        if ((uint)token >= (uint)Model.VocabSize)
            throw new ArgumentOutOfRangeException(nameof(token), token, $"Token {token} is not in the vocabulary of {Model.VocabSize}.");
    }
}
