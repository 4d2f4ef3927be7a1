using System.Text;

namespace XLstm.Experiments;

/// <summary>A text as tokens, in the parts that everybody measures on.</summary>
/// <param name="Source">Where it was read from, for messages.</param>
/// <param name="Training">Tokens to learn from.</param>
/// <param name="Validation">Tokens that decide which weights are kept.</param>
/// <param name="Test">Tokens of the published figures; empty where those are of the validation part.</param>
/// <param name="Vocabulary">Tokens there are.</param>
internal sealed record TextCorpus(string Source, int[] Training, int[] Validation, int[] Test, int Vocabulary)
{
    private const long MostBytes = 1 << 30;
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// The characters of a file, their first nine tenths to learn from and the rest to validate on, as
    /// <see href="https://github.com/karpathy/nanoGPT">nanoGPT</see> splits tinyshakespeare. The vocabulary is the characters of the whole file.
    /// </summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is too small or too large.</exception>
    public static TextCorpus Characters(string file)
    {
        var known = new Dictionary<Rune, int>();
        string text = Read(file);
        int[] sorted = [.. text.EnumerateRunes().Select(r => r.Value).Distinct().Order()];
        for (int i = 0; i < sorted.Length; i++)
            known.Add(new Rune(sorted[i]), i);
        int[] tokens = [.. text.EnumerateRunes().Select(r => known[r])];
        int training = (int)(tokens.Length * 9L / 10);
        return new TextCorpus(file, tokens[..training], tokens[training..], [], known.Count).Checked();
    }

    /// <summary>
    /// The words of three files of a folder, those that have "train", "valid" and "test" in their names. Words stand between blanks, each line ends with one more
    /// token; the vocabulary is that of the training part, which must have <c>&lt;unk&gt;</c> for words that are not in it. So wikitext-2 has 33,278 words, and
    /// 2,088,628, 217,646 and 245,569 tokens.
    /// </summary>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    /// <exception cref="InvalidDataException">A file is too small or too large, or has a word that is not in the vocabulary.</exception>
    public static TextCorpus Words(string folder)
    {
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        int[] training = WordsOf(File(folder, "train"), known, learns: true);
        return new TextCorpus(folder, training, WordsOf(File(folder, "valid"), known, learns: false), WordsOf(File(folder, "test"), known, learns: false), known.Count).Checked();
    }

    /// <summary>Tells one corpus from another.</summary>
    public string Fingerprint()
    {
        ulong hash = (ulong)Vocabulary;
        foreach (int[] part in (int[][])[Training, Validation, Test])
        {
            hash = new RandomSource(hash ^ (ulong)part.Length).NextBits();
            foreach (int token in part)
                hash = (hash ^ (uint)token) * 0x100000001B3;
        }
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Training.Length} + {Validation.Length} + {Test.Length} tokens of {Vocabulary}, {hash:x16}");
    }

    private static int[] WordsOf(string file, Dictionary<string, int> known, bool learns)
    {
        var tokens = new List<int>();
        string read = Read(file);
        if (string.IsNullOrWhiteSpace(read))
            throw new InvalidDataException($"{file}: there are no words in it.");
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup = known.GetAlternateLookup<ReadOnlySpan<char>>();
        int line = 0;
        foreach (ReadOnlySpan<char> text in read.AsSpan().TrimEnd('\n').EnumerateLines())
        {
            line++;
            foreach (Range range in text.Split(' '))
                if (text[range] is { IsEmpty: false } word)
                    Add(word);
            Add("<eos>");
        }
        return [.. tokens];

        void Add(ReadOnlySpan<char> word)
        {
            if (!lookup.TryGetValue(word, out int token))
            {
                if (learns)
                    lookup[word] = token = known.Count;
                else if (!known.TryGetValue("<unk>", out token))
                    throw new InvalidDataException($"{file}, line {line}: the word \"{word}\" is not in the training part, which has no <unk> either.");
            }
            tokens.Add(token);
        }
    }

    private static string File(string folder, string part)
    {
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, $"*{part}*") : [];
        return files.Length == 1
            ? files[0]
            : throw new FileNotFoundException($"{folder}: expected a folder with one file that has \"{part}\" in its name, found {(Directory.Exists(folder) ? $"{files.Length}" : "no folder")}.");
    }

    private static string Read(string file)
    {
        if (!System.IO.File.Exists(file))
            throw new FileNotFoundException($"{file}: expected a file of text, found {(Directory.Exists(file) ? "a folder" : "nothing")}.");
        using FileStream stream = System.IO.File.OpenRead(file);
        if (stream.Length > MostBytes)
            throw new InvalidDataException($"{file}: {stream.Length} bytes are more than the {MostBytes} that an experiment reads.");
        // What calls itself empty and has no end is not read.
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        if (bytes.AsSpan().IndexOf((byte)0) is >= 0 and int zero)
            throw new InvalidDataException($"{file}: byte {zero} is 0, expected a text in UTF-8.");
        try
        {
            return s_strict.GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"{file}: byte {e.Index} is no UTF-8, expected a text in it.", e);
        }
    }

    private TextCorpus Checked() =>
        Training.Length > 1 && Validation.Length > 1 ? this : throw new InvalidDataException($"{Source}: {Training.Length} tokens to learn from and {Validation.Length} to validate on are too few.");
}
