using System.Text;

namespace XLstm.Cli.Tests;

public sealed class GenerateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public GenerateTests() => _model = TinyModel.Create(_folder["model"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_same_seed_gives_the_same_text_and_another_one_does_not()
    {
        string text = Generate("--seed", "7");
        Assert.Equal(text, Generate("--seed", "7"));
        Assert.NotEqual(text, Generate("--seed", "8"));
        Assert.NotEqual(Generate(), Generate());
    }

    [Fact]
    public void Text_is_what_a_session_of_the_library_draws()
    {
        using Session session = XLstmLanguageModel.Load(_model).CreateSession();
        var sampler = new Sampler(new SamplingOptions(0.5f, 20, 0.9f, 3));
        var bytes = new byte[50];
        session.Append([.. "Hello"u8.ToArray()], TestContext.Current.CancellationToken);
        for (int i = 0; i < bytes.Length; i++)
            session.Step(bytes[i] = (byte)sampler.Next(session.Logits));
        string text = Generate("--prompt", "Hello", "--temperature", "0.5", "--top-k", "20", "--top-p", "0.9", "--seed", "3", "--max-tokens", "50");
        Assert.Equal(Encoding.UTF8.GetString(bytes), text);
    }

    [Fact]
    public void Piped_text_is_a_prompt_without_its_last_line_break()
    {
        string[] args = ["generate", "--model", _model, "--seed", "1"];
        string piped = Cli.RunWith("Hello\n", CancellationToken.None, args).Succeeds();
        Assert.Equal(Generate("--seed", "1", "--prompt", "Hello"), piped);
        Assert.Equal(Generate("--seed", "1", "--prompt", "Hello\n"), Cli.RunWith("Hello\n\n", CancellationToken.None, args).Succeeds());
    }

    [Fact]
    public void Ctrl_C_ends_the_wait_for_a_piped_prompt()
    {
        using var source = new CancellationTokenSource();
        using var never = new NeverEndingReader(source);
        var error = new StringWriter();
        Assert.Equal(130, Program.Run(["generate", "--model", _model], new Streams(never, InIsTerminal: false, TextWriter.Null, OutIsTerminal: false, error), source.Token));
        Assert.Equal("xlstm: stopped.", error.ToString().Trim());
    }

    [Fact]
    public void Prompts_may_begin_like_options_and_files() =>
        Assert.All(new[] { "@here", "- a list", "/x", "-m" }, prompt => Cli.Run("generate", "--model", _model, "--max-tokens", "1", $"--prompt={prompt}").Succeeds());

    [Fact]
    public void Without_prompt_the_text_starts_after_a_line_break() =>
        Assert.Equal(Generate("--seed", "1", "--prompt", "\n"), Generate("--seed", "1"));

    [Fact]
    public void Two_runs_with_a_session_are_one_run()
    {
        string[] greedy = ["--temperature", "0", "--session", _folder["talk"]];
        string parts = Generate([.. greedy, "--prompt", "Hello", "--max-tokens", "10"]) + Generate([.. greedy, "--max-tokens", "15"]);
        Assert.Equal(Generate("--temperature", "0", "--prompt", "Hello", "--max-tokens", "25"), parts);
        Assert.Equal(30, Session.Load(XLstmLanguageModel.Load(_model), _folder["talk"]).Position);
    }

    [Fact]
    public void A_prompt_is_appended_to_the_session()
    {
        Generate("--session", _folder["talk"], "--prompt", "Hello", "--max-tokens", "0");
        string parts = Generate("--session", _folder["talk"], "--prompt", " world", "--temperature", "0");
        Assert.Equal(Generate("--prompt", "Hello world", "--temperature", "0"), parts);
    }

    [Fact]
    public void Interrupted_runs_store_the_session()
    {
        using var interrupt = new CancellationTokenSource();
        using var output = new InterruptingWriter(interrupt, after: 5);
        int code = Program.Run(
            ["generate", "--model", _model, "--prompt", "Hello", "--max-tokens", "100000", "--temperature", "0", "--session", _folder["talk"]],
            new Streams(TextReader.Null, true, output, false, TextWriter.Null), interrupt.Token);
        Assert.Equal(130, code);
        string rest = Generate("--session", _folder["talk"], "--temperature", "0", "--max-tokens", "5");
        int written = (int)Session.Load(XLstmLanguageModel.Load(_model), _folder["talk"]).Position - "Hello".Length;
        Assert.Equal(Generate("--prompt", "Hello", "--temperature", "0", "--max-tokens", $"{written}"), output + rest);
    }

    [Fact]
    public void Sessions_of_other_models_and_other_files_are_refused_and_kept()
    {
        string other = TinyModel.Create(_folder["other"], vocabulary: 300);
        Cli.Run("generate", "--model", other, "--session", _folder["talk"], "--prompt", "x", "--max-tokens", "1").Succeeds();
        byte[] before = File.ReadAllBytes(_folder["talk"]);
        Cli.Run("generate", "--model", _model, "--session", _folder["talk"]).Fails(_folder["talk"], "another model");
        Cli.Run("generate", "--model", _model, "--session", Path.Combine(_model, "model.safetensors")).Fails("model.safetensors", "session");
        Cli.Run("generate", "--model", _model, "--session", _folder.Root).Fails(_folder.Root, "directory");
        Assert.Equal(before, File.ReadAllBytes(_folder["talk"]));
        File.WriteAllBytes(_folder["talk"], before[..(before.Length / 2)]);
        Cli.Run("generate", "--model", other, "--session", _folder["talk"]).Fails(_folder["talk"]);
    }

    [Fact]
    public void Missing_models_are_named() => Cli.Run("generate", "--model", _folder["none"]).Fails(_folder["none"], "no such model directory", "train");

    [Fact]
    public void A_missing_tokenizer_can_be_replaced()
    {
        File.Delete(Path.Combine(_model, "tokenizer.json"));
        Cli.Run("generate", "--model", _model).Fails(_model, "tokenizer.json", "--tokenizer");
        Generate("--tokenizer", "bytes");
    }

    [Fact]
    public void Tokenizers_must_fit()
    {
        string small = _folder["small"];
        new XLstmLanguageModel(TinyModel.Config(100), 1).Save(small);
        Cli.Run("generate", "--model", small, "--tokenizer", "bytes").Fails("does not fit", "256", "100");
        CharacterTokenizer.FromText("abc").Save(small);
        Cli.Outcome outcome = Cli.Run("generate", "--model", small, "--prompt", "ab");
        Assert.All(outcome.Succeeds(), c => Assert.Contains(c, "abc"));
        Assert.Contains("3 tokens", outcome.Error, StringComparison.Ordinal);
        Cli.Run("generate", "--model", small, "--prompt", "abx").Fails("'x'");
    }

    [Fact]
    public void Damaged_models_are_named()
    {
        string weights = Path.Combine(_model, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        Breaks(bytes[..(bytes.Length / 2)]);
        Breaks([]);
        Breaks([.. BitConverter.GetBytes(2L << 30), .. bytes[8..]]);
        Breaks(Replaced(bytes, "\"data_offsets\":[0,", "\"data_offsets\":[9,"));
        Breaks(Replaced(bytes, "\"F32\"", "\"F99\""));
        Breaks(Replaced(bytes, "\"F32\"", "\"I32\""));
        File.Delete(weights);
        Cli.Run("generate", "--model", _model).Fails(_model, "model.safetensors");

        void Breaks(byte[] content)
        {
            File.WriteAllBytes(weights, content);
            Cli.Run("generate", "--model", _model).Fails(weights);
        }
    }

    [Theory]
    [InlineData("\"embedding_dim\": 32", "\"embedding_dim\": 2000000000", "embedding_dim")]
    [InlineData("\"embedding_dim\": 32", "\"embedding_dim\": 33", "33")]
    [InlineData("\"num_blocks\": 2", "\"num_blocks\": -1", "num_blocks")]
    [InlineData("\"num_blocks\": 2", "\"num_blocks\": 3", "blocks.2")]
    [InlineData("\"vocab_size\": 256", "\"vocab_size\": 255", "token_embedding")]
    [InlineData("\"vocab_size\"", "\"vocabsize\"", "vocabsize")]
    [InlineData("{", "[", "config.json")]
    public void Impossible_configs_are_named(string from, string to, string message)
    {
        string config = Path.Combine(_model, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace(from, to, StringComparison.Ordinal));
        Cli.Run("generate", "--model", _model).Fails(_model, message);
    }

    [Fact]
    public void Weights_that_are_not_numbers_are_reported()
    {
        var model = new XLstmLanguageModel(TinyModel.Config(), 1);
        model.Head.Weight.Span.Fill(float.NaN);
        model.Save(_model);
        Cli.Run("generate", "--model", _model).Fails(_model, "diverged", "xlstm inspect");
    }

    [Fact]
    public void Stack_traces_are_for_verbose() =>
        Assert.Contains("   at ", Cli.Run("generate", "--model", _folder["none"], "--verbose").Error, StringComparison.Ordinal);

    private string Generate(params string[] args) => Cli.Run(["generate", "--model", _model, .. args]).Succeeds();

    private static byte[] Replaced(byte[] bytes, string from, string to)
    {
        int at = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(from));
        Assert.True(at > 0);
        byte[] changed = [.. bytes];
        Encoding.UTF8.GetBytes(to).CopyTo(changed, at);
        return changed;
    }

    // Another program that holds its end of the pipe open; the person gives up while the command waits for it.
    private sealed class NeverEndingReader(CancellationTokenSource source) : TextReader
    {
        private readonly ManualResetEventSlim _end = new();

        public override string ReadToEnd()
        {
            source.Cancel();
            _end.Wait();
            return "";
        }

        protected override void Dispose(bool disposing)
        {
            _end.Set();
            base.Dispose(disposing);
        }
    }

    private sealed class InterruptingWriter(CancellationTokenSource source, int after) : StringWriter
    {
        private int _writes;

        public override void Write(ReadOnlySpan<char> buffer)
        {
            base.Write(buffer);
            if (++_writes == after)
                source.Cancel();
        }
    }
}
