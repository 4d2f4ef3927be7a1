namespace XLstm.Training;

/// <summary>Loss of a language model on a text.</summary>
public static class Evaluation
{
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
}
