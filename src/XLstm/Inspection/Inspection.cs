using System.Text.Json;

namespace XLstm;

/// <summary>One look at one path: what was found so far.</summary>
internal sealed partial class Inspection(string path, bool values, CancellationToken cancellation)
{
    private const string OwnForecaster = "forecaster.safetensors", RunOptions = "run.json", IndexSuffix = ".index.json";

    private static readonly string[] ConfigNames = ["config.json", "config.yaml", "config.yml", "model-config.yaml"];
    private static readonly string[] WeightExtensions = [".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".th"];

    // Of a run, beside its model.
    private static readonly string[] OtherTensors = ["state.safetensors", "series.safetensors", "batch.safetensors"];

    private readonly List<CheckpointFact> facts = [];
    private readonly List<CheckpointFinding> findings = [];
    private readonly List<string> next = [];
    private CheckpointKind kind;
    private string description = "";
    private IReadOnlyList<TensorInfo> tensors = [];
    private string[] beside = [];
    private XLstmStackConfig? config;
    private string? prefix, license;
    private long? stateBytes;

    internal CheckpointReport Report()
    {
        if (kind == CheckpointKind.Unknown && findings.Count == 0)
            Fail("this is none of the formats that are known here");
        if (license is null && IsOfOthers)
            license = WeightsLicense.Find(path);
        return new(path, kind, description.Length == 0 ? "unknown" : description)
        {
            Facts = facts,
            Findings = findings,
            Next = next,
            Tensors = tensors,
            Config = config,
            Prefix = prefix,
            StateBytes = stateBytes,
            License = license,
        };
    }

    internal void OfFile(string file)
    {
        (FileForm form, string name, string advice) = TryOr(() => FileForms.Of(file), (FileForm.Unknown, "", ""));
        switch (form)
        {
            case FileForm.Empty:
                Is(CheckpointKind.Empty, name);
                Fail($"{file} is empty. {advice}");
                break;
            case FileForm.Pointer:
                OfPointer(file);
                break;
            case FileForm.Foreign:
                Is(CheckpointKind.Foreign, name);
                Fail($"{file} is {name}. {advice}");
                break;
            case FileForm.Safetensors:
                OfSafetensors(file);
                break;
            case FileForm.Torch:
                OfTorch(file);
                break;
            case FileForm.Text:
                OfText(file);
                break;
            default:
                Fail($"{file}: its first bytes are of no format that is known here. Known are safetensors, files of torch.save, configs and tokenizers");
                break;
        }
        if (form is FileForm.Empty or FileForm.Foreign or FileForm.Unknown)
            Fact("file", Quantity.Bytes(new FileInfo(file).Length));
    }

    internal void OfDirectory()
    {
        string forecaster = Path.Combine(path, OwnForecaster);
        if (File.Exists(forecaster))
        {
            OfFile(forecaster);
            OfRun();
            return;
        }
        string? configFile = ConfigNames.Select(n => Path.Combine(path, n)).FirstOrDefault(File.Exists);
        JsonElement? root = configFile is null ? null : TryValue(() => ConfigDocument.Read(configFile));
        if (!HasPointers() && OpenDirectory() is { } opened)
        {
            using ModelWeights weights = opened;
            OfWeights(weights, root, configFile);
        }
        else
            OfConfig(root, configFile);
        OfRun();
    }

    private bool IsOfOthers => kind is CheckpointKind.LanguageModel or CheckpointKind.Stack or CheckpointKind.XLstmLarge or CheckpointKind.TiRex or CheckpointKind.TiRex2 or CheckpointKind.Tensors or CheckpointKind.Foreign
        && !File.Exists(Path.Combine(path, RunOptions));

    private void Is(CheckpointKind what, string words) => (kind, description) = (what, words);

    private void Fact(string label, string text) => facts.Add(new(label, text));

    private void Note(string text) => findings.Add(new(FindingSeverity.Note, text));

    private void Warn(string text) => findings.Add(new(FindingSeverity.Warning, text));

    private bool Failed => findings.Exists(f => f.Severity == FindingSeverity.Error);

    private void Fail(string text) => findings.Add(new(FindingSeverity.Error, text));

    private T? Try<T>(Func<T> action) where T : class => TryOr(action, null);

    private T? TryValue<T>(Func<T> action) where T : struct => TryOr<T?>(() => action(), null);

    private T TryOr<T>(Func<T> action, T otherwise)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or JsonException)
        {
            Fail(e.Message);
            return otherwise;
        }
    }

    private void OfPointer(string file)
    {
        if (kind == CheckpointKind.Unknown)
            Is(CheckpointKind.GitLfsPointer, "a pointer of Git LFS, in the place of a file that was not downloaded");
        string? size = File.ReadLines(file).Take(10).FirstOrDefault(line => line.StartsWith("size ", StringComparison.Ordinal));
        string bytes = long.TryParse(size?[5..], System.Globalization.NumberStyles.None, null, out long length) ? $" of {Quantity.Bytes(length)}" : "";
        Fail($"{file} is a pointer of Git LFS: the file itself{bytes} was not downloaded.");
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        if (next.Count == 0)
            next.AddRange([$"git -C {Quoted(folder)} lfs pull", "or download the file by itself from where the repository came from"]);
    }

    private bool HasPointers()
    {
        bool any = false;
        foreach (string file in WeightFiles())
        {
            if (TryOr(() => new FileInfo(file).Length < 1024 && FileForms.Of(file).Form == FileForm.Pointer, false))
            {
                OfPointer(file);
                any = true;
            }
        }
        return any;
    }

    private List<string> WeightFiles() =>
        [.. Directory.EnumerateFiles(path).Where(f => WeightExtensions.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase) && !OtherTensors.Contains(Path.GetFileName(f), StringComparer.Ordinal)).Order(StringComparer.Ordinal)];

    // As a model is loaded; a directory with one file of weights under any name is as clear.
    private ModelWeights? OpenDirectory()
    {
        List<string> files = WeightFiles();
        string index = Path.Combine(path, "model.safetensors" + IndexSuffix);
        bool usual = files.Exists(f => Path.GetFileName(f).StartsWith("model.safetensors", StringComparison.Ordinal) || Path.GetFileName(f).StartsWith("model_", StringComparison.Ordinal));
        if (!usual && File.Exists(index))
            usual = true;
        if (usual && File.Exists(index) && !File.Exists(Path.Combine(path, "model.safetensors")) && MissingShards(index, path))
            return null;
        if (usual || files.Count == 0)
            return Try(() => ModelWeights.Open(path, under: ""));
        if (files.Count == 1)
            return Try(() => ModelWeights.Open(files[0], under: ""));
        Fail($"{path} has several files of weights, none of them called model.safetensors: {Quantity.Some([.. files.Select(f => Path.GetFileName(f))])}");
        next.AddRange(files.Take(10).Select(f => $"xlstm inspect {Quoted(f)}"));
        return null;
    }

    private bool MissingShards(string index, string folder)
    {
        if (Try(() => ModelWeights.ShardsOf(index)) is not { } shards)
            return true;
        List<string> missing = [.. shards.Where(s => !File.Exists(Path.Combine(folder, s)))];
        if (missing.Count == 0)
            return false;
        Fact("shards", $"{shards.Count} in {Path.GetFileName(index)}");
        Fail($"{missing.Count} of {shards.Count} shards are missing: {Quantity.Some(missing, 10)}");
        next.Add("download the missing shards into the same directory");
        return true;
    }

    /// <summary>A model by its tensors; the config says what they do not tell.</summary>
    private void OfWeights(ModelWeights weights, JsonElement? root, string? configFile)
    {
        tensors = [.. weights.Tensors];
        switch (FamilyOf(tensors, root))
        {
            case CheckpointKind.XLstmLarge:
                OfLarge(root, configFile);
                break;
            case CheckpointKind.TiRex:
                OfTiRex(root);
                break;
            case CheckpointKind.TiRex2:
                OfTiRex2();
                break;
            case CheckpointKind.LanguageModel:
                OfPaper(weights, root, configFile);
                break;
            default:
                Is(CheckpointKind.Tensors, "tensors of a model that is not known here");
                if (Directory.Exists(path) && root is null)
                    Try(() => ModelConfigReader.Read(path));
                NotKnown();
                break;
        }
        Files(weights);
        if (values)
            OddValues(weights);
    }

    private static CheckpointKind FamilyOf(IReadOnlyList<TensorInfo> tensors, JsonElement? root)
    {
        bool Any(string part) => tensors.Any(t => t.Name.Contains(part, StringComparison.Ordinal));
        if (Any(".fwd_cell.") || Any(".variate_mixer.") || Any(".attn.WQ."))
            return CheckpointKind.TiRex2;
        if (Any(".mlstm_layer."))
            return CheckpointKind.XLstmLarge;
        if (Any(".slstm_layer."))
            return CheckpointKind.TiRex;
        return StackTensors.Prefixes(tensors.Select(t => t.Name)).Count > 0 || FamilyOf(root) == CheckpointKind.LanguageModel ? CheckpointKind.LanguageModel : CheckpointKind.Tensors;
    }

    private void NotKnown()
    {
        string[] hints =
        [
            .. Has("lstm.weight_ih_l0") || Has("weight_ih_l0") ? ["tensors of nn.LSTM: a plain LSTM of PyTorch, no xLSTM"] : Array.Empty<string>(),
            .. Has("q_proj") || Has("self_attn") ? ["names of attention: a Transformer?"] : Array.Empty<string>(),
        ];
        Warn("no tensor is called as those of an xLSTM of the paper's package, of xLSTM Large or of TiRex" + (hints.Length > 0 ? $"; there are {string.Join(", ", hints)}" : ""));
        next.Add("new ParameterSet(ModelWeights.Open(path)) feeds the layers of this library from any names");

        bool Has(string part) => tensors.Any(t => t.Name.Contains(part, StringComparison.Ordinal));
    }

    private void Files(ModelWeights weights)
    {
        foreach (string line in beside)
            Fact("with it", line);
        foreach (var file in weights.Tensors.GroupBy(t => t.File, StringComparer.Ordinal))
            Fact("file", $"{Path.GetFileName(file.Key)}: {Quantity.Bytes(new FileInfo(file.Key).Length)}, {file.Count()} tensors, {Quantity.Count(file.Sum(t => t.Count))} numbers, {Types(file)}");
    }

    // "all F32" or "F32 (3), BF16 (1)".
    private static string Types(IEnumerable<TensorInfo> of)
    {
        var groups = of.CountBy(t => t.DType).OrderByDescending(g => g.Value).ToList();
        return groups.Count == 1 ? $"all {DTypes.Name(groups[0].Key)}" : string.Join(", ", groups.Select(g => $"{DTypes.Name(g.Key)} ({g.Value})"));
    }

    private void OddValues(ModelWeights weights)
    {
        foreach (string odd in NotFinite(weights))
            Warn(odd);
    }

    private List<string> NotFinite(ModelWeights weights)
    {
        var odd = new List<string>();
        float[] buffer = [];
        foreach (TensorInfo tensor in weights.Tensors)
        {
            cancellation.ThrowIfCancellationRequested();
            if (tensor.DType is not (DType.F64 or DType.F32 or DType.F16 or DType.BF16 or DType.Q8 or DType.Q4) || tensor.Count > Array.MaxLength)
                continue;
            if (buffer.Length < tensor.Count)
                buffer = GC.AllocateUninitializedArray<float>((int)tensor.Count);
            bool read = TryOr(() => Read(weights, tensor, buffer), false);
            int count = 0;
            if (read)
                foreach (float value in buffer.AsSpan(0, (int)tensor.Count))
                    count += float.IsFinite(value) ? 0 : 1;
            if (count > 0)
                odd.Add($"{tensor.Name} has {Quantity.Count(count)} values that are not finite (NaN or infinite)");
        }
        return odd;
    }

    private static bool Read(ModelWeights weights, TensorInfo tensor, float[] buffer)
    {
        weights.ReadFloats(tensor.Name, buffer.AsSpan(0, (int)tensor.Count));
        return true;
    }

    internal static string Quoted(string text) => text.Contains(' ', StringComparison.Ordinal) ? $"\"{text}\"" : text;
}
