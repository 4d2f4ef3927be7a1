using System.Text;

namespace XLstm.Tests.Text;

public sealed class TokenSourceTests
{
    private static int[] All(TokenSource source)
    {
        var tokens = new int[source.Length];
        source.Read(0, tokens);
        return tokens;
    }

    [Fact]
    public void Bytes_are_those_of_the_file()
    {
        using var folder = new TemporaryFolder();
        var bytes = Enumerable.Range(0, 256).Reverse().Select(i => (byte)i).ToArray();
        using var source = TokenSource.Open(folder.File("a.bin", bytes), new ByteTokenizer());
        Assert.Equal(bytes.Select(b => (int)b), All(source));
        var part = new int[3];
        source.Read(250, part);
        Assert.Equal([5, 4, 3], part);
        source.Read(256, []);
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Read(254, part));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Read(-1, part));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Read(long.MaxValue, part));
    }

    [Fact]
    public void Characters_are_those_of_the_text_block_by_block()
    {
        using var folder = new TemporaryFolder();
        var text = string.Concat(Enumerable.Range(0, 400_000).Select(i => new Rune(i % 3 == 0 ? 0x1F600 + (i % 50) : 'a' + (i % 26))));
        var tokenizer = CharacterTokenizer.FromText(text);
        using var source = TokenSource.Open(folder.File("a.txt", text), tokenizer);
        Assert.Equal(400_000, source.Length);
        Assert.Equal(tokenizer.Encode(text), All(source));
        // Across the boundary of two stored blocks.
        var part = new int[10];
        source.Read((1 << 18) - 5, part);
        Assert.Equal(tokenizer.Encode(text)[((1 << 18) - 5)..((1 << 18) + 5)], part);
    }

    [Fact]
    public void A_byte_order_mark_is_no_text()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.txt", [0xEF, 0xBB, 0xBF, (byte)'h', (byte)'i']);
        using var characters = TokenSource.Open(path, CharacterTokenizer.FromFile(path));
        Assert.Equal([0, 1], All(characters));
        using var bytes = TokenSource.Open(path, new ByteTokenizer());
        Assert.Equal(5, bytes.Length);
    }

    [Theory]
    [InlineData(10, 0.1)]
    [InlineData(1003, 0.1)]
    [InlineData(7, 0.5)]
    [InlineData(7, 0.25)]
    public void The_split_is_by_characters(int characters, double fraction)
    {
        using var folder = new TemporaryFolder();
        var runes = Enumerable.Range(0, characters).Select(i => new Rune(i % 2 == 0 ? 'a' : i % 3 == 0 ? 0xE9 : 0x1F600)).ToList();
        var path = folder.File("a.txt", string.Concat(runes));
        var expected = (int)(characters * (1 - fraction));
        foreach (var tokenizer in new TextTokenizer[] { new ByteTokenizer(), CharacterTokenizer.FromFile(path) })
        {
            var (training, validation) = TokenSource.OpenSplit(path, tokenizer, fraction);
            using (training)
            using (validation)
            {
                Assert.Equal(string.Concat(runes.Take(expected)), tokenizer.Decode(All(training)));
                Assert.Equal(string.Concat(runes.Skip(expected)), tokenizer.Decode(All(validation)));
            }
        }
    }

    [Fact]
    public void A_text_too_short_to_split_is_an_error()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.txt", "a");
        Assert.Throws<CheckpointException>(() => TokenSource.OpenSplit(path, new ByteTokenizer()));
        foreach (var fraction in new[] { 0, 1, -0.1, double.NaN })
            Assert.Throws<ArgumentOutOfRangeException>(() => TokenSource.OpenSplit(path, new ByteTokenizer(), fraction));
    }

    [Fact]
    public void Empty_missing_and_binary_files_are_errors_that_name_them()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = CharacterTokenizer.FromText("ab");
        void Fails(string path, string with, TextTokenizer t) => Assert.Contains(with, Assert.Throws<CheckpointException>(() => TokenSource.Open(path, t).Dispose()).Message, StringComparison.Ordinal);
        Fails(folder.File("empty.txt", ""), "empty.txt", new ByteTokenizer());
        Fails(folder.File("empty.txt", ""), "empty.txt", tokenizer);
        Fails(Path.Combine(folder.Path, "missing.txt"), "missing.txt", tokenizer);
        Fails(folder.Path, "directory", tokenizer);
        var binary = folder.File("binary", [(byte)'a', (byte)'b', 0xFF, 0x00]);
        Fails(binary, "byte 2", tokenizer);
        Assert.Contains("UTF-8", Assert.Throws<CheckpointException>(() => CharacterTokenizer.FromFile(binary)).Message, StringComparison.Ordinal);
        Fails(folder.File("cut.txt", [(byte)'a', 0xE2, 0x82]), "UTF-8", tokenizer);
    }

    [Fact]
    public void An_unknown_character_is_named_with_file_and_position()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.txt", new string('a', 1_500_000) + "\U0001F600c");
        var message = Assert.Throws<CheckpointException>(() => TokenSource.Open(path, CharacterTokenizer.FromText("a\U0001F600"))).Message;
        Assert.Contains("a.txt", message, StringComparison.Ordinal);
        Assert.Contains("'c' (U+0063) at position 1500001", message, StringComparison.Ordinal);
    }
}
