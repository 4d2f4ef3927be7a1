namespace XLstm.Training;

/// <summary>Loss of a language model on a text.</summary>
public static class Evaluation
{
    private const int MostRows = 16, MostLogits = 1 << 26;
    private const long FirstPositions = 16;

    /// <summary>
    /// Mean cross-entropy in nats per token. The text is cut into <paramref name="rows"/> equal streams that are read side by
    /// side from start to end, the state carried from segment to segment; each token but the first of a stream is predicted
    /// from all before it in its stream.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">The text.</param>
    /// <param name="pass">Memory and threads; not recording. It is reset.</param>
    /// <param name="rows">Streams.</param>
    /// <param name="segment">Tokens of a stream that are read at once.</param>
    /// <param name="mostTokens">Tokens to predict, about; of a longer text each stream reads the start of its part.</param>
    /// <exception cref="ArgumentException">The text has fewer than two tokens, or the pass records or drops out.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A count is less than 1, or a token is not in the model's vocabulary.</exception>
    public static double CrossEntropy(XLstmLanguageModel model, TokenSource tokens, Pass pass, int rows = 16, int segment = 256, long mostTokens = long.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(segment, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(mostTokens, 1);
        if (pass.Options.Record || pass.Options.Training)
            throw new ArgumentException("An evaluation needs a pass that neither records nor trains: new Pass().", nameof(pass));
        if (tokens.Length < 2)
            throw new ArgumentException($"A text of {tokens.Length} tokens has nothing to predict.", nameof(tokens));
        rows = (int)Math.Min(rows, tokens.Length / 2);
        long part = tokens.Length / rows, each = Math.Min(part - 1, Math.Max(1, mostTokens / rows));
        StackState? state = null;
        double sum = 0;
        for (long done = 0; done < each;)
        {
            int T = (int)Math.Min(segment, each - done);
            int[] input = new int[rows * T], labels = new int[rows * T], window = new int[T + 1];
            for (int r = 0; r < rows; r++)
            {
                tokens.Read(r * part + done, window);
                window.AsSpan(0, T).CopyTo(input.AsSpan(r * T));
                window.AsSpan(1).CopyTo(labels.AsSpan(r * T));
            }
            pass.Reset();
            (Tensor logits, StackState next) = model.Forward(input, rows, state, pass);
            sum += (double)Ops.CrossEntropy(pass, logits, labels).Item * T;
            done += T;
            state = next.Copy();
        }
        pass.Reset();
        return sum / each;
    }

    /// <summary>How well a model predicts a text, and how that changes with what it has read before: positions count in powers of two from 16 on.</summary>
    /// <param name="model">The model; where it needs a token before every text, that is read before every sequence.</param>
    /// <param name="tokens">The text.</param>
    /// <param name="pass">Memory, threads, cancellation; not recording. It is reset.</param>
    /// <param name="context">The text is cut into sequences of this many tokens, each read from its own start; 0 for one sequence, however long.</param>
    /// <param name="mostTokens">Only the start of the text, up to here.</param>
    /// <param name="progress">From 0 to 1.</param>
    /// <exception cref="ArgumentException">There is nothing to predict, or the pass records or drops out.</exception>
    /// <exception cref="InvalidOperationException">The loss is not a number.</exception>
    public static TextScore Text(TextModel model, TokenSource tokens, Pass pass, int context = 0, long mostTokens = long.MaxValue, IProgress<double>? progress = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(context);
        ArgumentOutOfRangeException.ThrowIfLessThan(mostTokens, 1);
        if (pass.Options.Record || pass.Options.Training)
            throw new ArgumentException("An evaluation needs a pass that neither records nor trains: new Pass().", nameof(pass));
        long length = Math.Min(tokens.Length, mostTokens), each = context == 0 ? length : Math.Min(context, length);
        int before = model.Special.Start is null ? 0 : 1;
        if (each + before < 2)
            throw new ArgumentException($"A sequence of {each} tokens has nothing to predict.", nameof(tokens));
        long sequences = Math.Max(1, length / each);
        var buckets = new List<(long From, long To, long Tokens, double Nats)>();
        long bytes = 0;
        for (long first = 0; first < sequences; first += MostRows)
        {
            int rows = (int)Math.Min(MostRows, sequences - first), bucket = 0;
            StackState? state = null;
            // What is read at place t predicts the token at place t + 1 of a sequence and of the token before it.
            for (long t = 0; t < each + before - 1; bucket++)
            {
                (long from, long to) = bucket == 0 ? (0, FirstPositions) : (FirstPositions << (bucket - 1), FirstPositions << bucket);
                if (buckets.Count == bucket)
                    buckets.Add((from, to, 0, 0));
                for (long end = Math.Min(to, each + before - 1); t < end;)
                {
                    int T = (int)Math.Min(Segment(rows, model.Model.VocabSize), end - t);
                    int[] input = new int[rows * T], labels = new int[rows * T], window = new int[T + 1];
                    for (int r = 0; r < rows; r++)
                    {
                        Read(tokens, model.Special.Start, (first + r) * each, t, window);
                        window.AsSpan(0, T).CopyTo(input.AsSpan(r * T));
                        window.AsSpan(1).CopyTo(labels.AsSpan(r * T));
                    }
                    foreach (int label in labels)
                        bytes += model.Tokenizer.TokenBytes(label).Length;
                    pass.Reset();
                    (Tensor logits, StackState next) = model.Model.Forward(input, rows, state, pass);
                    double nats = (double)Ops.CrossEntropy(pass, logits, labels).Item * labels.Length;
                    if (!double.IsFinite(nats))
                        throw new InvalidOperationException($"The loss after {t} tokens is {nats}: the model has diverged.");
                    buckets[bucket] = buckets[bucket] with { Tokens = buckets[bucket].Tokens + labels.Length, Nats = buckets[bucket].Nats + nats };
                    t += T;
                    state = next.Copy();
                    progress?.Report((first + (double)rows * t / each) / sequences);
                }
            }
        }
        pass.Reset();
        return new TextScore(
            buckets.Sum(b => b.Tokens), bytes, buckets.Sum(b => b.Nats), [.. buckets.Select(b => new PositionScore(b.From, b.To, b.Tokens, b.Nats / b.Tokens))]);
    }

    // So that the logits of a segment stay within a few hundred megabytes.
    private static int Segment(int rows, int vocabulary) => Math.Clamp(MostLogits / (rows * vocabulary) / 64 * 64, 64, 512);

    private static void Read(TokenSource tokens, int? start, long sequence, long place, Span<int> window)
    {
        if (start is { } token && place == 0)
        {
            window[0] = token;
            tokens.Read(sequence, window[1..]);
        }
        else
            tokens.Read(sequence + place - (start is null ? 0 : 1), window);
    }
}
