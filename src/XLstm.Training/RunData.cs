namespace XLstm.Training;

/// <summary>What a run learns from: random windows of a text, or the one batch of a file.</summary>
internal sealed class RunData : IDisposable
{
    private readonly TokenSource? _training;
    private readonly ulong _seed;
    private readonly int[] _window;

    private RunData(TokenSource training, TokenSource validation, RunOptions options)
    {
        (_training, Validation, _seed, Rows, Length) = (training, validation, options.Seed, options.Batch, training.Length);
        _window = new int[options.Context + 1];
        Tokens = new int[options.Batch * options.Context];
        Labels = new int[Tokens.Length];
    }

    private RunData((int Rows, int[] Tokens, int[] Labels) batch) =>
        (_window, Rows, Tokens, Labels, Length) = ([], batch.Rows, batch.Tokens, batch.Labels, batch.Tokens.Length);

    /// <summary>Rows B of a batch.</summary>
    public int Rows { get; }

    /// <summary>Tokens [B, T] of the batch that was drawn last.</summary>
    public int[] Tokens { get; }

    /// <summary>What follows each of them [B, T]; -1 is ignored.</summary>
    public int[] Labels { get; }

    /// <summary>Tokens to train on.</summary>
    public long Length { get; }

    /// <summary>What tells one text or batch from another: its length and a sample of its tokens from start to end.</summary>
    public string Fingerprint()
    {
        const int places = 256;
        ulong hash = 0;
        var window = new int[(int)Math.Min(64, Length)];
        for (long place = 0; place < places; place++)
        {
            long at = (Length - window.Length) * place / (places - 1);
            if (_training is null)
                Tokens.AsSpan((int)at, window.Length).CopyTo(window);
            else
                _training.Read(at, window);
            foreach (int token in window)
                hash = new RandomSource(hash ^ (uint)token).NextBits();
        }
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Length} tokens, sample {hash:x16}");
    }

    /// <summary>The part of the text that is never trained on; null with a batch file.</summary>
    public TokenSource? Validation { get; }

    public static RunData Open(RunOptions options, int vocabulary, TextTokenizer? tokenizer)
    {
        if (options.BatchFile is not null)
            return new RunData(BatchFile.Read(options.BatchFile, vocabulary));
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (tokenizer.VocabularySize > vocabulary)
            throw new CheckpointException(
                options.Text!, "the tokenizer", $"at most {vocabulary} tokens, the model's vocab_size", $"{tokenizer.VocabularySize} tokens ({tokenizer.Name})", "Use the tokenizer that the model was trained with, or another config.");
        (TokenSource training, TokenSource validation) = TokenSource.OpenSplit(options.Text!, tokenizer, options.ValidationFraction);
        if (training.Length > options.Context && validation.Length > 1)
            return new RunData(training, validation, options);
        (long trained, long validated) = (training.Length, validation.Length);
        training.Dispose();
        validation.Dispose();
        throw new CheckpointException(
            options.Text!, "the text", $"at least {options.Context + 1L} tokens to train on, a context and one more, and 2 for validation", $"{trained} and {validated}", "Give a longer text or a smaller context.");
    }

    /// <summary>Fills <see cref="Tokens"/> and <see cref="Labels"/>; the same step and micro-batch give the same ones again.</summary>
    public void Draw(long step, int microBatch)
    {
        if (_training is null)
            return;
        int T = _window.Length - 1;
        var random = new RandomSource(RandomSource.SeedFor(_seed, $"batch {step} {microBatch}"));
        for (int b = 0; b < Rows; b++)
        {
            _training.Read(random.NextInteger(Length - T), _window);
            _window.AsSpan(0, T).CopyTo(Tokens.AsSpan(b * T));
            _window.AsSpan(1).CopyTo(Labels.AsSpan(b * T));
        }
    }

    public void Dispose()
    {
        _training?.Dispose();
        Validation?.Dispose();
    }
}
