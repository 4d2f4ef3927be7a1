namespace XLstm.Cli;

/// <summary>Everything about a model directory, also about one that cannot be used.</summary>
internal sealed class ModelReport(string directory, Report report, CancellationToken cancellation)
{
    private static readonly string[] ConfigNames = ["config.json", "config.yaml", "config.yml"];

    private const string TiedHead = "lm_head.weight";
    private readonly List<string> _unusual = [];
    private readonly List<Exception> _failures = [];

    /// <summary>Writes what can be read to the report, and what is wrong to <paramref name="error"/>; returns the exit code.</summary>
    public int Write(TextWriter error)
    {
        report.Title(directory);
        IModelConfig? config = Try(() => ModelConfigReader.Read(directory));
        if (config is not null)
            ArchitectureReport.Write(config, report);
        using ModelWeights? weights = Try(() => ModelWeights.Open(directory));
        if (config is not null && weights is not null)
            Model(config, weights);
        if (weights is not null)
            Weights(weights, listAll: config is null);
        Tokenizer(config);
        if (config is not null)
            Dialect();
        report.Lines("unusual", _unusual);
        foreach (Exception failure in _failures)
            error.WriteLine("xlstm: " + Failure.Describe(failure));
        return _failures.Count == 0 ? ExitCode.Success : ExitCode.Mistake;
    }

    /// <summary>"bytes, 256 tokens".</summary>
    public static string Describe(TextTokenizer tokenizer) => $"{tokenizer.Name}, {Report.Count(tokenizer.VocabularySize)} tokens";

    private T? Try<T>(Func<T> action) where T : class
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            _failures.Add(e);
            return null;
        }
    }

    private void Model(IModelConfig config, ModelWeights weights)
    {
        var parameters = new ParameterSet(weights);
        BlockSequence? stack = Try(() => config is ILanguageModelConfig model ? new XLstmLanguageModel(model, parameters).Stack : new XLstmStack(parameters.Root, (XLstmStackConfig)config));
        if (stack is null)
            return;
        report.Line("parameters", Report.Count(parameters.ElementCount));
        foreach (var kind in parameters.GroupBy(p => KindOf(p.Name), StringComparer.Ordinal).OrderByDescending(g => g.Sum(p => (long)p.Length)))
            report.Line("", $"{Report.Count(kind.Sum(p => (long)p.Length)),15}  {kind.Key}");
        report.Line("session", $"{Report.Bytes(stack.CreateState().Bytes)} of state, whatever the length of the text");
        report.Line("per token", $"{Report.Bytes(parameters.Where(p => !p.Name.Contains("embedding", StringComparison.Ordinal)).Sum(p => 4L * p.Length))} of weights are read for every token that is generated");
        bool tied = config is XLstmLanguageModelConfig { TieWeights: true } or XLstmLargeConfig { TieWordEmbeddings: true };
        IReadOnlyList<string> unexpected = tied ? parameters.Unexpected(TiedHead) : parameters.Unexpected();
        if (unexpected.Count > 0)
            _unusual.Add($"{unexpected.Count} tensors that the config does not ask for, so the model cannot be loaded: {string.Join(", ", unexpected.Take(5))}{(unexpected.Count > 5 ? ", ..." : "")}");
    }

    private static string KindOf(string name) =>
        name.Contains("embedding", StringComparison.Ordinal) ? "token embedding"
        : name.StartsWith(TiedHead, StringComparison.Ordinal) ? "head"
        : name.Contains("norm", StringComparison.Ordinal) ? "norms"
        : name.Contains(".ffn.", StringComparison.Ordinal) ? "feed-forward"
        : name.Contains("_recurrent_kernel_", StringComparison.Ordinal) ? "sLSTM memory mixing"
        : name.Contains("gate", StringComparison.Ordinal) || name.Contains("_bias_", StringComparison.Ordinal) ? "gates"
        : name.Contains("conv1d", StringComparison.Ordinal) ? "convolutions"
        : name.Contains("_proj", StringComparison.Ordinal) && !name.Contains("proj_", StringComparison.Ordinal) ? "queries, keys, values"
        : name.Contains("proj_", StringComparison.Ordinal) ? "up- and down-projections"
        : name.Contains("skip", StringComparison.Ordinal) ? "skip connections"
        : "others";

    private void Weights(ModelWeights weights, bool listAll)
    {
        foreach (var file in weights.Tensors.GroupBy(t => t.File, StringComparer.Ordinal))
            report.Line("file", $"{Path.GetFileName(file.Key)}: {Report.Bytes(new FileInfo(file.Key).Length)}, {file.Count()} tensors, {TensorReport.Types(file)}");
        if (listAll)
            report.Lines("tensors", weights.Tensors.Select(t => $"{t}"));
        foreach (TensorInfo tensor in weights.Tensors)
            if (tensor.Name.EndsWith("_recurrent_kernel_", StringComparison.Ordinal) && tensor.Shape is [_, var rows, var columns] && columns == 4 * rows)
                _unusual.Add($"{tensor.Name} is stored in the layout of the CUDA code, {tensor}; it is turned when it is loaded");
        if (Try(() => TensorReport.OddValues(weights.Tensors, weights.ReadFloats, cancellation).ToList()) is { } odd)
            _unusual.AddRange(odd);
    }

    private void Tokenizer(IModelConfig? config)
    {
        int? vocabulary = (config as ILanguageModelConfig)?.VocabSize;
        if (!File.Exists(Path.Combine(directory, TextTokenizer.FileName)))
        {
            if (vocabulary is not null)
                _unusual.Add($"there is no {TextTokenizer.FileName}: \"generate\" needs --tokenizer");
            return;
        }
        if (Try(() => TextTokenizer.Load(directory)) is not { } tokenizer)
            return;
        report.Line("tokenizer", Describe(tokenizer));
        if (vocabulary is not null && vocabulary != tokenizer.VocabularySize)
            _unusual.Add($"the tokenizer has {Report.Count(tokenizer.VocabularySize)} tokens, the model {Report.Count(vocabulary.Value)}");
    }

    private void Dialect()
    {
        string? file = ConfigNames.Select(n => Path.Combine(directory, n)).FirstOrDefault(File.Exists);
        if (file is not null && !File.ReadAllText(file).Contains("\"xlstm-net\"", StringComparison.Ordinal))
            _unusual.Add($"{Path.GetFileName(file)} was written by another program: keys that are not known here are ignored");
    }
}
