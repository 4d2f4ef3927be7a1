using System.Runtime.InteropServices;
using System.Text.Json;

namespace XLstm.Training.Tests;

/// <summary>Models and texts that train in milliseconds.</summary>
internal static class Tiny
{
    /// <summary>A text over 12 characters with enough order in it to be learned.</summary>
    public static string Text(int length)
    {
        var random = new RandomSource(7);
        var text = new System.Text.StringBuilder();
        string[] words = ["abc ", "bad ", "cab. ", "feed ", "high ", "jig. "];
        while (text.Length < length)
            text.Append(words[random.NextInteger(words.Length)]);
        return text.ToString(0, length);
    }

    /// <summary>An mLSTM and an sLSTM block of width 16.</summary>
    public static XLstmLanguageModelConfig Config(int vocabulary, float dropout = 0) => new(
        vocabulary, 2, 16, new MLstmBlockConfig(new MLstmLayerConfig(NumHeads: 2)),
        new SLstmBlockConfig(new SLstmLayerConfig(NumHeads: 2), new FeedForwardConfig()), [1], Dropout: dropout);

    public static XLstmLanguageModel Model(int vocabulary, float dropout = 0, ulong seed = 3) => new(Config(vocabulary, dropout), seed);

    public static float[][] Weights(XLstmLanguageModel model) => [.. model.Parameters.Select(p => p.Span.ToArray())];

    public static int[] Tokens(int count, int vocabulary, ulong seed)
    {
        var random = new RandomSource(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (int)random.NextInteger(vocabulary))];
    }
}

/// <summary>Bits, not numbers: 0 and -0 differ, NaN equals itself.</summary>
internal static class Bits
{
    public static void Equal(IEnumerable<float[]> expected, IEnumerable<float[]> actual) =>
        Assert.Equal(expected.Select(Of), actual.Select(Of));

    private static int[] Of(float[] values) => MemoryMarshal.Cast<float, int>(values).ToArray();
}

/// <summary>A folder with a text in it and a place for a run; removed in the end.</summary>
internal sealed class Place : IDisposable
{
    private readonly string _folder = System.IO.Directory.CreateTempSubdirectory("xlstm-training-").FullName;

    public Place(int textLength = 3000)
    {
        System.IO.File.WriteAllText(Text, Tiny.Text(textLength));
        Tokenizer = CharacterTokenizer.FromFile(Text);
    }

    public string Text => File("text.txt");

    public string Run => File("run");

    public TextTokenizer Tokenizer { get; }

    public string File(string name) => Path.Combine(_folder, name);

    public RunOptions Options(long steps, int validateEvery = 4) =>
        new(Text, Steps: steps, Batch: 3, Context: 20, ValidateEvery: validateEvery, Optimizer: new OptimizerOptions(LearningRate: 1e-2));

    public XLstmLanguageModel Model(float dropout = 0) => Tiny.Model(Tokenizer.VocabularySize, dropout);

    public LanguageModelRun Create(RunOptions options, float dropout = 0, int threads = 1, string? directory = null) =>
        LanguageModelRun.Create(directory ?? Run, options, Model(dropout), Tokenizer, threads);

    /// <summary>The log and the final weights of a run that nothing interrupts.</summary>
    public (IReadOnlyList<LogLine> Log, float[][] Weights) Uninterrupted(RunOptions options, float dropout = 0, int threads = 1)
    {
        string directory = File("uninterrupted" + Guid.NewGuid().ToString("N"));
        using LanguageModelRun run = Create(options, dropout, threads, directory);
        run.Train(cancellation: TestContext.Current.CancellationToken);
        return (LogLine.Read(directory), Tiny.Weights(run.Model));
    }

    public string BatchFile(int rows, int length, int vocabulary, ulong seed = 5)
    {
        int[] tokens = Tiny.Tokens(rows * (length + 1), vocabulary, seed);
        var (inputs, labels) = (new long[rows * length], new long[rows * length]);
        for (int i = 0; i < inputs.Length; i++)
        {
            inputs[i] = tokens[i / length * (length + 1) + i % length];
            labels[i] = i % 5 == 3 ? -1 : tokens[i / length * (length + 1) + i % length + 1];
        }
        return BatchFile([rows, length], inputs, labels);
    }

    public string BatchFile(long[] shape, long[] tokens, long[] labels)
    {
        string path = File("batch.safetensors");
        SafetensorsWriter.Write(path, [TensorToWrite.FromInt64("tokens", shape, tokens), TensorToWrite.FromInt64("labels", shape, labels)]);
        return path;
    }

    /// <summary>What a process that is killed now would leave.</summary>
    public static void Copy(string from, string to)
    {
        System.IO.Directory.CreateDirectory(to);
        foreach (string file in System.IO.Directory.GetFiles(from).Where(f => Path.GetFileName(f) != ".lock"))
            System.IO.File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        System.IO.File.WriteAllText(Path.Combine(to, ".lock"), "");
    }

    /// <summary>Every file of a folder by name, as text of its bytes.</summary>
    public static SortedDictionary<string, string> Content(string folder)
    {
        var content = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string file in System.IO.Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
            content.Add(Path.GetRelativePath(folder, file), Convert.ToBase64String(System.IO.File.ReadAllBytes(file)));
        return content;
    }

    public void Dispose() => System.IO.Directory.Delete(_folder, recursive: true);
}

/// <summary>One line of log.jsonl, without the speed: everything in it is the same in every run.</summary>
internal sealed record LogLine(long Step, double Loss, double MeanLoss, double LearningRate, double GradientNorm, double? ValidationLoss)
{
    public static IReadOnlyList<LogLine> Read(string directory) => [.. File.ReadAllLines(Path.Combine(directory, "log.jsonl")).Select(Parse)];

    private static LogLine Parse(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        double Number(string name) => document.RootElement.GetProperty(name).GetDouble();
        return new LogLine(
            document.RootElement.GetProperty("step").GetInt64(), Number("loss"), Number("mean_loss"), Number("learning_rate"), Number("gradient_norm"),
            document.RootElement.TryGetProperty("validation_loss", out JsonElement validation) ? validation.GetDouble() : null);
    }
}

/// <summary>Calls back after every step.</summary>
internal sealed class Watcher(Action<RunProgress> stepped, Action<RunProgress, XLstmLanguageModel>? validated = null) : IRunObserver
{
    public void Stepped(RunProgress progress) => stepped(progress);

    public void Validated(RunProgress progress, XLstmLanguageModel model) => validated?.Invoke(progress, model);
}
