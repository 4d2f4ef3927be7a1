using System.Text;

namespace XLstm.Tests;

public class TextSessionTests
{
    private static readonly TextModel Model = Bytes();

    // Bytes for tokens, of which a model that has learned nothing writes many that are no UTF-8.
    private static TextModel Bytes()
    {
        var model = new XLstmLanguageModel(TestModels.LanguageModel() with { VocabSize = 260 }, seed: 3);
        TestModels.Shake(model.Parameters);
        return new TextModel(model, new ByteTokenizer());
    }

    private static GenerationOptions Options(int tokens = 40, ulong seed = 1) => new() { MaxTokens = tokens, Seed = seed };

    [Fact]
    public void TextIsThatOfTheTokensDrawn()
    {
        using TextSession session = Model.CreateSession();
        GeneratedToken[] tokens = [.. session.Generate("Hello", Options(400))];
        Assert.Equal(400, tokens.Length);
        Assert.Equal(Model.Tokenizer.Decode([.. tokens.Select(t => t.Token)]), string.Concat(tokens.Select(t => t.Text)));
        Assert.All(tokens[..^1], t => Assert.Null(t.Finish));
        Assert.Equal(FinishReason.MaxTokens, tokens[^1].Finish);
        Assert.All(tokens, t => Assert.InRange(t.Token, 0, 255)); // what only pads the vocabulary is never drawn

        using Session plain = Model.Model.CreateSession();
        var sampler = new Sampler(new SamplingOptions(Seed: 1));
        plain.Append([.. "Hello"u8.ToArray()]);
        foreach (GeneratedToken token in tokens)
        {
            Assert.Equal(sampler.Next(plain.Logits[..256]), token.Token);
            plain.Step(token.Token);
        }
        Numbers.SameBits("logits", plain.Logits, session.Tokens.Logits);
        Assert.Equal(405, session.Tokens.Position);
    }

    [Fact]
    public async Task StreamsAreTheSameOnAnotherThread()
    {
        using TextSession session = Model.CreateSession(), other = Model.CreateSession();
        var streamed = new List<GeneratedToken>();
        await foreach (GeneratedToken token in session.GenerateAsync("Hello", Options()))
            streamed.Add(token);
        Assert.Equal(other.Generate("Hello", Options()).Select(t => (t.Token, t.Text, t.Finish)), streamed.Select(t => (t.Token, t.Text, t.Finish)));
    }

    [Fact]
    public async Task CancellationEndsWithinOneToken()
    {
        using var source = new CancellationTokenSource();
        using TextSession session = Model.CreateSession();
        int heard = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GeneratedToken _ in session.GenerateAsync("Hello", Options(1000), source.Token))
                if (++heard == 7)
                    source.Cancel();
        });
        Assert.Equal((7, 12L), (heard, session.Tokens.Position));
        // What was heard is in the session, which goes on.
        using TextSession other = Model.CreateSession();
        Assert.Equal(7, other.Generate("Hello", Options(7)).Count());
        Numbers.SameBits("logits", other.Tokens.Logits, session.Tokens.Logits);
    }

    [Fact]
    public void LogProbabilitiesAreTheModels()
    {
        using TextSession session = Model.CreateSession();
        using Session plain = Model.Model.CreateSession();
        plain.Append([.. "Hello"u8.ToArray()]);
        foreach (GeneratedToken token in session.Generate("Hello", Options(20) with { LogProbabilities = 3, Temperature = 0.1f, TopK = 2 }))
        {
            double[] p = [.. plain.Logits.ToArray().Select(l => Math.Exp(l))];
            double total = p.Sum();
            Assert.Equal(Math.Log(p[token.Token] / total), token.LogProbability, 1e-5);
            int[] order = [.. Enumerable.Range(0, p.Length).OrderByDescending(i => p[i]).Take(3)];
            Assert.Equal(order, token.MostLikely.Select(m => m.Token));
            Assert.All(token.MostLikely, m => Assert.Equal(Math.Log(p[m.Token] / total), m.LogProbability, 1e-5));
            plain.Step(token.Token);
        }
        Assert.All(session.Generate("", Options(2) with { LogProbabilities = 0 }), t => Assert.True(t.MostLikely.Count == 0 && t.LogProbability < 0));
        Assert.All(session.Generate("", Options(2)), t => Assert.True(float.IsNaN(t.LogProbability)));
    }

    /// <summary>A model that says "abcabc...": the token after each letter is forced by biases of its own.</summary>
    [Theory]
    [InlineData("cab", "ab", 5)]
    [InlineData("b", "a", 2)]
    [InlineData("aba", "abcabcab", 8)]
    [InlineData("bcx", "abcabcab", 8)]
    [InlineData("cabx|bca", "a", 4)]
    public void StopTextsAreFoundAcrossTokens(string stops, string expected, int drawn)
    {
        (string text, GeneratedToken[] tokens) = Repeated("abcabcab", stops.Split('|'), 8);
        Assert.Equal(expected, text);
        Assert.Equal(drawn, tokens.Length);
        Assert.Equal(drawn < 8 ? FinishReason.Stop : FinishReason.MaxTokens, tokens[^1].Finish);
        // Nothing is shown that turns out to be a part of a stop text.
        string shown = "";
        foreach (GeneratedToken token in tokens)
            Assert.StartsWith(shown += token.Text, expected, StringComparison.Ordinal);
    }

    private static (string Text, GeneratedToken[] Tokens) Repeated(string said, string[] stops, int most)
    {
        var continuation = new Continuation(Model, new GenerationOptions { Temperature = 0, Stop = stops, MaxTokens = most }, []);
        var tokens = new List<GeneratedToken>();
        foreach (char c in said)
        {
            var logits = new float[260];
            logits[c] = 10;
            tokens.Add(continuation.Next(logits));
            if (tokens[^1].Finish is not null)
                break;
        }
        return (string.Concat(tokens.Select(t => t.Text)), [.. tokens]);
    }

    [Fact]
    public void ForksAndStoredTextsGoOnAlike()
    {
        using TextSession session = Model.CreateSession();
        session.Append("Once upon a time ");
        using TextSession fork = session.Fork();
        using var stream = new MemoryStream();
        session.Save(stream);
        stream.Position = 0;
        using TextSession loaded = TextSession.Load(Model, stream);
        string Text(TextSession from) => string.Concat(from.Generate("there ", Options()).Select(t => t.Text));
        string text = Text(session);
        Assert.Equal(text, Text(fork));
        Assert.Equal(text, Text(loaded));
        session.Reset();
        session.Append("Once upon a time ");
        Assert.Equal(text, Text(session));
    }

    [Fact]
    public void ATextWithItsTokensInFront()
    {
        var model = new TextModel(Model.Model, new ByteTokenizer(), new SpecialTokens(7, [65]));
        using TextSession session = model.CreateSession();
        session.Append("ab");
        session.Append("cd");
        using Session plain = Model.Model.CreateSession();
        plain.Append([7, 97, 98]);
        Numbers.SameBits("logits", plain.Append([99, 100]), session.Tokens.Logits);
        Assert.Equal(5, session.Tokens.Position);
        using TextSession empty = model.CreateSession();
        empty.Append("");
        Assert.Equal(1, empty.Tokens.Position);

        // A text that ends: the token that says so is told, and not in the session.
        long before = session.Tokens.Position;
        var always = new Dictionary<int, float> { [65] = 1000 };
        GeneratedToken end = Assert.Single(session.Generate("", Options() with { LogitBias = always }));
        Assert.Equal((65, "", FinishReason.EndOfText, before), (end.Token, end.Text, end.Finish, session.Tokens.Position));
        Assert.Equal("AAA", string.Concat(session.Generate("", Options(3) with { LogitBias = always, StopAtEndOfText = false }).Select(x => x.Text)));
        Assert.Empty(session.Generate("x", Options(0)));
    }

    [Fact]
    public void OptionsOutOfRangeAreNamed()
    {
        using TextSession session = Model.CreateSession();
        foreach ((GenerationOptions options, string what) in ((GenerationOptions, string)[])[
            (new() { MaxTokens = -1 }, "number of tokens"), (new() { Stop = ["a", ""] }, "stop text"), (new() { LogProbabilities = -1 }, "log-probabilities"), (new() { Temperature = -1 }, "temperature")])
            Assert.Contains(what, Assert.Throws<ArgumentOutOfRangeException>(() => session.Generate("x", options)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Model.Generate([]));
        TextTokenizer larger = TextTokenizer.Load(TestData.File("tokenizers/byte-level.json"));
        Assert.Contains("668", Assert.Throws<ArgumentException>(() => new TextModel(Model.Model, larger)).Message, StringComparison.Ordinal);
    }

    /// <summary>One batch of prompts of many lengths, beyond a segment and of one token; each is what it is alone.</summary>
    [Fact]
    public void ABatchIsEachPromptAlone()
    {
        string text = string.Concat(Enumerable.Range(0, 300).Select(i => $"{i} and "));
        string[] prompts = ["a", "Hello", text[..1100], "Hello", text[..513], text[..512], ""];
        GenerationOptions options = Options(30, seed: 5) with { Stop = ["\n"], RepetitionPenalty = 1.1f, LogProbabilities = 0 };
        var heard = new List<PromptProgress>();
        IReadOnlyList<GeneratedText> together = Model.Generate(prompts, options with { Progress = new Progress(heard.Add) });
        int total = prompts.Distinct(StringComparer.Ordinal).Sum(p => Math.Max(1, Encoding.UTF8.GetByteCount(p)));
        Assert.Equal(new PromptProgress(total, total), heard[^1]);
        for (int i = 0; i < prompts.Length; i++)
        {
            using TextSession session = Model.CreateSession();
            GeneratedToken[] alone = [.. session.Generate(prompts[i], options with { Seed = 5 + (ulong)i })];
            Assert.Equal(alone.Select(t => (t.Token, t.Text, t.Finish)), together[i].Tokens.Select(t => (t.Token, t.Text, t.Finish)));
            Assert.Equal(string.Concat(alone.Select(t => t.Text)), together[i].Text);
            foreach ((GeneratedToken a, GeneratedToken b) in alone.Zip(together[i].Tokens))
                Assert.Equal(a.LogProbability, b.LogProbability, 1e-4);
        }
        Assert.NotEqual(together[1].Text, together[3].Text);
        Assert.All(Model.Generate(prompts, options with { MaxTokens = 0 }), t => Assert.Equal("", t.Text));
        Assert.ThrowsAny<OperationCanceledException>(() => Model.Generate(prompts, options, cancellation: new CancellationToken(canceled: true)));
    }

    private sealed class Progress(Action<PromptProgress> heard) : IProgress<PromptProgress>
    {
        public void Report(PromptProgress value) => heard(value);
    }
}
