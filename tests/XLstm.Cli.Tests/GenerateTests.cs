using System.Diagnostics;
using System.Runtime.InteropServices;
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
        // A character that was cut is shown neither before nor after.
        Assert.Equal(Whole(Generate("--prompt", "Hello", "--temperature", "0", "--max-tokens", $"{written}")), Whole(output + rest));

        static string Whole(string text) => text.Replace("\uFFFD", "", StringComparison.Ordinal);
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

    /// <summary>Another process goes on from the file to the same bits: state, logits and text.</summary>
    [Fact]
    public void A_session_goes_on_in_another_process_bit_for_bit()
    {
        Generate("--session", _folder["here"], "--prompt", "Hello", "--max-tokens", "20", "--seed", "1");
        File.Copy(_folder["here"], _folder["there"]);
        string[] further = ["generate", "--model", _model, "--prompt", " and", "--max-tokens", "30", "--seed", "2", "--session"];
        string here = Cli.Run([.. further, _folder["here"]]).Succeeds();
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
        using Process process = Process.Start(new ProcessStartInfo(dotnet, [typeof(Program).Assembly.Location, .. further, _folder["there"]]) { RedirectStandardOutput = true, StandardOutputEncoding = Encoding.UTF8 })!;
        string there = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        Assert.Equal(here, there);
        Assert.Equal(File.ReadAllBytes(_folder["here"]), File.ReadAllBytes(_folder["there"]));
    }

    [Fact]
    public void Options_reach_the_model()
    {
        string[] options = ["--prompt", "Hello", "--seed", "3", "--temperature", "0.9", "--top-k", "40", "--top-p", "0.95", "--min-p", "0.01",
            "--repetition-penalty", "1.2", "--frequency-penalty", "0.1", "--presence-penalty", "-0.1", "--max-tokens", "60", "--stop", "q\\n", "--stop", "zz"];
        using TextSession session = TextModel.Load(_model).CreateSession();
        string expected = string.Concat(session.Generate("Hello", new()
        {
            Seed = 3, Temperature = 0.9f, TopK = 40, TopP = 0.95f, MinP = 0.01f, RepetitionPenalty = 1.2f, FrequencyPenalty = 0.1f, PresencePenalty = -0.1f, MaxTokens = 60, Stop = ["q\n", "zz"],
        }, TestContext.Current.CancellationToken).Select(t => t.Text));
        Assert.Equal(expected, Generate(options));
        Cli.Run("generate", "--model", _model, "--min-p", "2").FailsAsUsage("--min-p");
        Cli.Run("generate", "--model", _model, "--repetition-penalty", "0").FailsAsUsage("--repetition-penalty");
    }

    [Fact]
    public void Several_samples_are_those_of_the_next_seeds()
    {
        string[] args = ["--prompt", "Hello", "--max-tokens", "30"];
        string several = Generate([.. args, "-n", "3", "--seed", "5"]);
        Assert.Equal(string.Join("\n---\n", Enumerable.Range(5, 3).Select(seed => Generate([.. args, "--seed", $"{seed}"]))) + "\n", several);
        Cli.Run("generate", "--model", _model, "-n", "2", "--session", _folder["talk"]).FailsAsUsage("--session", "-n");
    }

    [Fact]
    public void Log_probabilities_are_a_line_for_each_token()
    {
        string[] lines = Generate("--prompt", "Hello", "--max-tokens", "5", "--logprobs", "2", "--temperature", "0").TrimEnd().Split('\n');
        Assert.Equal(5, lines.Length);
        Assert.All(lines, line => Assert.Matches("""^ *-\d+\.\d{3} ".*"  +-\d+\.\d{3} ".*"  +-\d+\.\d{3} ".*"$""", line));
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
