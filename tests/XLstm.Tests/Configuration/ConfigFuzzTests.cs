namespace XLstm.Tests.Configuration;

/// <summary>Whatever the bytes of a config or a tokenizer, they are read or refused by name, in bounded memory.</summary>
public sealed class ConfigFuzzTests
{
    private const long ManyBytes = 8 << 20;

    public static TheoryData<string> Kinds => ["config.json", "generation_config.json", "tokenizer.json"];

    /// <summary>A model of xLSTM Large as transformers writes it, with a tokenizer of the tokenizers library.</summary>
    private static TemporaryFolder Prepare()
    {
        var folder = new TemporaryFolder();
        foreach (string file in Directory.GetFiles(TestData.Golden("large/large_single/hf")))
            File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
        File.Copy(TestData.File("tokenizers/byte-level.json"), Path.Combine(folder.Path, "tokenizer.json"));
        folder.File("generation_config.json", """{"bos_token_id": 0, "eos_token_id": [2, 1], "pad_token_id": 1}""");
        return folder;
    }

    private static void Read(string folder, string kind)
    {
        if (kind == "config.json")
            XLstmLanguageModel.LoadForInference(folder);
        TextTokenizer tokenizer = kind == "tokenizer.json" ? TextTokenizer.Load(folder) : new ByteTokenizer();
        tokenizer.Encode("a text: it is read");
        SpecialTokens.Read(folder, tokenizer);
    }

    private static void Survives(string folder, string kind, ReadOnlySpan<byte> content)
    {
        File.WriteAllBytes(Path.Combine(folder, kind), content);
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            Read(folder, kind);
        }
        catch (CheckpointException e)
        {
            Assert.Contains(kind is "config.json" ? folder : kind, e.Message, StringComparison.Ordinal);
        }
        catch (ArgumentException e) when (kind == "tokenizer.json" && e is not ArgumentNullException and not ArgumentOutOfRangeException)
        {
            // A character that has no token any more.
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, ManyBytes);
    }

    // A vocabulary is long and much alike.
    private static int Step(string kind) => kind == "tokenizer.json" ? 13 : 1;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TheFilesAreGood(string kind)
    {
        using TemporaryFolder folder = Prepare();
        Read(folder.Path, kind);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AnyByteMayBeAnother(string kind)
    {
        using TemporaryFolder folder = Prepare();
        byte[] bytes = File.ReadAllBytes(Path.Combine(folder.Path, kind));
        for (int i = 0; i < bytes.Length; i += Step(kind))
        {
            byte was = bytes[i];
            bytes[i] ^= (byte)(i % 2 == 0 ? 0x01 : 0xfe);
            Survives(folder.Path, kind, bytes);
            bytes[i] = (byte)'9';
            Survives(folder.Path, kind, bytes);
            bytes[i] = was;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AFileMayEndAnywhere(string kind)
    {
        using TemporaryFolder folder = Prepare();
        byte[] bytes = File.ReadAllBytes(Path.Combine(folder.Path, kind));
        for (int length = 0; length < bytes.Length; length += 3 * Step(kind))
            Survives(folder.Path, kind, bytes.AsSpan(0, length));
    }
}
