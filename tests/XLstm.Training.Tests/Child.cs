using System.Diagnostics;

namespace XLstm.Training.Tests;

/// <summary>A process of its own that trains, to be killed.</summary>
internal static class Child
{
    public const string Argument = "--train-until-killed";

    /// <summary>Arguments: folder of the run, text, steps.</summary>
    public static int Train(string[] args)
    {
        string directory = args[1];
        using LanguageModelRun run = File.Exists(Path.Combine(directory, "state.safetensors")) ? LanguageModelRun.Resume(directory, threads: 2) : Create(directory, args[2], long.Parse(args[3]));
        run.Train(new Watcher(_ => Thread.Sleep(3)));
        return 0;
    }

    public static RunOptions Options(string text, long steps) => new(text, Steps: steps, Batch: 3, Context: 20, ValidateEvery: 5);

    public static Process Start(string directory, string text, long steps)
    {
        string host = Environment.ProcessPath!;
        bool shared = string.Equals(Path.GetFileNameWithoutExtension(host), "dotnet", StringComparison.Ordinal);
        string[] self = shared ? [typeof(Child).Assembly.Location] : [];
        return Process.Start(new ProcessStartInfo(host, [.. self, Argument, directory, text, $"{steps}"]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
    }

    private static LanguageModelRun Create(string directory, string text, long steps)
    {
        TextTokenizer tokenizer = CharacterTokenizer.FromFile(text);
        return LanguageModelRun.Create(directory, Options(text, steps), Tiny.Model(tokenizer.VocabularySize, dropout: 0.1f), tokenizer, threads: 2);
    }
}
