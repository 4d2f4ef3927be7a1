using System.Text;

namespace XLstm.Cli.Tests;

/// <summary>Runs commands in this process.</summary>
internal static class Cli
{
    public static Outcome Run(params string[] args) => RunWith("", CancellationToken.None, args);

    public static Outcome RunWith(string input, CancellationToken cancellation, params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        int code = Program.Run(args, new Streams(new StringReader(input), InIsTerminal: false, output, OutIsTerminal: false, error) { OpenInput = () => new MemoryStream(Encoding.UTF8.GetBytes(input)) }, cancellation);
        return new Outcome(code, output.ToString(), error.ToString());
    }

    internal sealed record Outcome(int Code, string Output, string Error)
    {
        /// <summary>Checks for a mistake of the user: one or two lines that have all of <paramref name="parts"/>, and no stack trace.</summary>
        public void Fails(params string[] parts)
        {
            Assert.Equal(1, Code);
            Says(parts);
        }

        /// <inheritdoc cref="Fails"/>
        public void FailsAsUsage(params string[] parts)
        {
            Assert.Equal(2, Code);
            Says(parts);
        }

        public string Succeeds()
        {
            Assert.True(Code == 0, $"exit code {Code}: {Error}");
            return Output;
        }

        private void Says(string[] parts)
        {
            Assert.All(parts, part => Assert.Contains(part, Error, StringComparison.Ordinal));
            Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
            Assert.InRange(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length, 1, 3);
        }
    }
}

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("xlstm-cli-");

    public string this[string name] => Path.Combine(_folder.FullName, name);

    public string Root => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);
}

/// <summary>A model of one block of each kind with a byte tokenizer, small enough for a test.</summary>
internal static class TinyModel
{
    public static XLstmLanguageModelConfig Config(int vocabulary = 256) => new(
        vocabulary, 2, 32, new MLstmBlockConfig(new MLstmLayerConfig(NumHeads: 2)),
        new SLstmBlockConfig(new SLstmLayerConfig(NumHeads: 2), new FeedForwardConfig()), [1]);

    public static string Create(string directory, int vocabulary = 256, ulong seed = 1)
    {
        new XLstmLanguageModel(Config(vocabulary), seed).Save(directory);
        new ByteTokenizer().Save(directory);
        return directory;
    }
}
