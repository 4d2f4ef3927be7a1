namespace XLstm.Experiments.Tests;

public sealed class TextCorpusTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("xlstm-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Nine_tenths_of_the_characters_are_learned_from()
    {
        TextCorpus corpus = TextCorpus.Characters(Write("text.txt", "abcabcabc\uD83D\uDE00b"));

        Assert.Equal((4, 9), (corpus.Vocabulary, corpus.Training.Length));
        Assert.Equal([0, 1, 2, 0, 1, 2, 0, 1, 2], corpus.Training);
        Assert.Equal([3, 1], corpus.Validation);
        Assert.Empty(corpus.Test);
    }

    [Fact]
    public void Words_stand_between_blanks_and_lines_end_with_a_token()
    {
        Write("w.train.tokens", " \n = the <unk> = \n the end \n");
        Write("w.valid.tokens", " the beginning \n");
        Write("w.test.tokens", "end\n");
        TextCorpus corpus = TextCorpus.Words(_folder);

        Assert.Equal(5, corpus.Vocabulary);
        Assert.Equal([0, 1, 2, 3, 1, 0, 2, 4, 0], corpus.Training);
        Assert.Equal([2, 3, 0], corpus.Validation);
        Assert.Equal([4, 0], corpus.Test);
    }

    [Fact]
    public void What_is_wrong_is_told()
    {
        Assert.Contains("\"train\"", Assert.Throws<FileNotFoundException>(() => TextCorpus.Words(_folder)).Message, StringComparison.Ordinal);
        Write("w.train.tokens", "the end\n");
        Write("w.valid.tokens", "the end\nof it\n");
        Write("w.test.tokens", "the end\n");
        Assert.Contains("line 2", Assert.Throws<InvalidDataException>(() => TextCorpus.Words(_folder)).Message, StringComparison.Ordinal);
        Write("w.test.tokens", " \n");
        Write("w.valid.tokens", "the end\n");
        Assert.Contains("w.test.tokens: there are no words", Assert.Throws<InvalidDataException>(() => TextCorpus.Words(_folder)).Message, StringComparison.Ordinal);
        Assert.Contains("too few", Assert.Throws<InvalidDataException>(() => TextCorpus.Characters(Write("small.txt", "a"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 97, 98, 0xE9, 99 }, "byte 2 is no UTF-8")]
    [InlineData(new byte[] { 0xFF, 0xFE, 97, 0 }, "byte 3 is 0")]
    public void What_is_no_text_in_UTF8_is_told(byte[] bytes, string expected)
    {
        string file = Path.Combine(_folder, "text.txt");
        File.WriteAllBytes(file, bytes);
        string message = Assert.Throws<InvalidDataException>(() => TextCorpus.Characters(file)).Message;
        Assert.Contains(file, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_text_has_another_fingerprint()
    {
        string first = TextCorpus.Characters(Write("text.txt", "abcabcabcabc")).Fingerprint();
        Assert.Equal(first, TextCorpus.Characters(Write("text.txt", "abcabcabcabc")).Fingerprint());
        Assert.NotEqual(first, TextCorpus.Characters(Write("text.txt", "abcabcabcacb")).Fingerprint());
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
