using System.Numerics;
using System.Runtime.InteropServices;

namespace XLstm;

/// <summary>The tokens of a text file, to be read at any place and by several threads.</summary>
/// <remarks>
/// With a <see cref="ByteTokenizer"/> the file itself is the store and nothing is loaded. With others the file is encoded once, block by block, into
/// 2 bytes per token (4 where there are more than 65 536 tokens); the text is not kept.
/// </remarks>
public abstract class TokenSource : IDisposable
{
    private protected TokenSource(TextTokenizer tokenizer) => Tokenizer = tokenizer;

    public TextTokenizer Tokenizer { get; }

    /// <summary>Number of tokens.</summary>
    public abstract long Length { get; }

    /// <summary>All tokens of a file.</summary>
    /// <exception cref="CheckpointException">No such file, nothing in it, it is no UTF-8, or it has a character without a token.</exception>
    public static TokenSource Open(string path, TextTokenizer tokenizer)
    {
        Check(path, tokenizer);
        using var file = TextFile.Open(path);
        return Open(file, Whole(file, tokenizer), tokenizer);
    }

    /// <summary>The first part of a file for training, the rest for validation. The text is split after the first floor(characters * (1 - fraction)) characters, before it is encoded.</summary>
    /// <param name="path">A file of text.</param>
    /// <param name="tokenizer">What encodes it.</param>
    /// <param name="validationFraction">Between 0 and 1, both excluded.</param>
    /// <exception cref="CheckpointException">As <see cref="Open(string, TextTokenizer)"/>, or one of the parts is empty.</exception>
    public static (TokenSource Training, TokenSource Validation) OpenSplit(string path, TextTokenizer tokenizer, double validationFraction = 0.1)
    {
        Check(path, tokenizer);
        if (!(validationFraction is > 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(validationFraction), validationFraction, "Expected a fraction between 0 and 1.");
        using var file = TextFile.Open(path);
        var (first, second) = file.Split(Whole(file, tokenizer), 1 - validationFraction);
        if (first.From == first.To || second.From == second.To)
            throw new CheckpointException(path, "the text", "enough characters for training and validation", $"{file.Bytes.Length} bytes");
        var training = Open(file, first, tokenizer);
        try
        {
            return (training, Open(file, second, tokenizer));
        }
        catch
        {
            training.Dispose();
            throw;
        }
    }

    /// <summary>The tokens from <paramref name="start"/> on, as many as there is room for.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer tokens from there on.</exception>
    public void Read(long start, Span<int> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        if (start > Length - destination.Length)
            throw new ArgumentOutOfRangeException(nameof(start), start, $"Expected at most {Length - destination.Length}: there are {Length} tokens, {destination.Length} are asked for.");
        ReadCore(start, destination);
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    private protected abstract void ReadCore(long start, Span<int> destination);

    protected virtual void Dispose(bool disposing)
    {
    }

    private static void Check(string path, TextTokenizer tokenizer)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tokenizer);
    }

    // To a byte tokenizer a byte order mark is three bytes like others.
    private static TextFile.Range Whole(TextFile file, TextTokenizer tokenizer) => tokenizer is ByteTokenizer ? new(0, file.Bytes.Length) : file.Whole;

    private static TokenSource Open(TextFile file, TextFile.Range range, TextTokenizer tokenizer) => tokenizer switch
    {
        ByteTokenizer => new FileTokens(file.Path, range, tokenizer),
        { VocabularySize: <= ushort.MaxValue + 1 } => new StoredTokens<ushort>(file, range, tokenizer),
        _ => new StoredTokens<int>(file, range, tokenizer),
    };

    private sealed class FileTokens(string path, TextFile.Range range, TextTokenizer tokenizer) : TokenSource(tokenizer)
    {
        private readonly FileBytes file = new(path);

        public override long Length => range.To - range.From;

        private protected override void ReadCore(long start, Span<int> destination)
        {
            // The bytes stand at the end of the tokens' memory until their turn to be widened, front to back, comes.
            var bytes = MemoryMarshal.AsBytes(destination)[(3 * destination.Length)..];
            file.Read(range.From + start, bytes);
            for (var i = 0; i < destination.Length; i++)
                destination[i] = bytes[i];
        }

        protected override void Dispose(bool disposing)
        {
            file.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class StoredTokens<T> : TokenSource
        where T : unmanaged, IBinaryInteger<T>
    {
        private const int BlockTokens = 1 << 18;

        // Blocks rather than one array: growing an array holds everything twice.
        private readonly List<T[]> blocks = [];
        private long length;

        internal StoredTokens(TextFile file, TextFile.Range range, TextTokenizer tokenizer)
            : base(tokenizer)
        {
            var (tokens, position) = (new List<int>(), 0L);
            try
            {
                file.ForEachBlock(range, (text, last) =>
                {
                    var part = last ? text : text[..tokenizer.SafeLength(text)];
                    Encode(part, ref position, tokens);
                    return part.Length;
                });
            }
            catch (ArgumentException e)
            {
                throw new CheckpointException(file.Path, e.Message, inner: e);
            }
        }

        public override long Length => length;

        private void Encode(ReadOnlySpan<char> text, ref long position, List<int> tokens)
        {
            tokens.Clear();
            Tokenizer.Encode(text, position, tokens);
            foreach (var token in tokens)
            {
                if (length % BlockTokens == 0)
                    blocks.Add(new T[BlockTokens]);
                blocks[^1][length++ % BlockTokens] = T.CreateTruncating(token);
            }
            foreach (var _ in text.EnumerateRunes())
                position++;
        }

        private protected override void ReadCore(long start, Span<int> destination)
        {
            for (var i = 0; i < destination.Length; i++, start++)
                destination[i] = int.CreateTruncating(blocks[(int)(start / BlockTokens)][start % BlockTokens]);
        }
    }
}
