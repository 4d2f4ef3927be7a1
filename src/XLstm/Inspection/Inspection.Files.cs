using System.Text.Json;

namespace XLstm;

// Single files, and what else a run's directory has.
internal sealed partial class Inspection
{
    private static readonly string[] s_namesOfModels = [".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".gguf"];

    private void OfSafetensors(string file)
    {
        Is(CheckpointKind.Tensors, "safetensors");
        if (Try(() => SafetensorsFile.Open(file)) is not { } opened)
        {
            Fact("file", Quantity.Bytes(new FileInfo(file).Length));
            return;
        }
        string? format = opened.Metadata.GetValueOrDefault("format");
        using ModelWeights weights = ModelWeights.Of(opened);
        tensors = [.. weights.Tensors];
        switch (format)
        {
            case "xlstm-net-session":
                OfSession(opened);
                break;
            case "xlstm-net-run":
                Is(CheckpointKind.TrainingRun, "the state of a training run: parameters and the moments of AdamW");
                if (opened.Metadata.TryGetValue("position", out string? position) && TryValue(() => ConfigDocument.Parse(position, file)) is { } where && Number(where, "step") is { } step)
                    Fact("position", $"after {Quantity.Count((long)step)} steps");
                Whole(opened);
                next.Add($"xlstm train --out {Quoted(Path.GetDirectoryName(Path.GetFullPath(file))!)} --resume");
                break;
            case "xlstm-forecaster":
                OfForecaster(opened);
                break;
            default:
                string? configFile = ConfigBeside(file);
                OfWeights(weights, configFile is null ? null : TryValue(() => ConfigDocument.Read(configFile)), configFile);
                foreach (var (key, value) in opened.Metadata.Take(20))
                    Fact("metadata", $"{key}: {Short(value, 100)}");
                return;
        }
        Files(weights);
        if (values)
            OddValues(weights);
    }

    private void OfSession(SafetensorsFile file)
    {
        Is(CheckpointKind.Session, $"session after {file.Metadata.GetValueOrDefault("position", "?")} tokens");
        stateBytes = tensors.Where(t => t.Name != "logits").Sum(t => t.ByteLength);
        Fact("state", $"{Quantity.Bytes(stateBytes.Value)}, whatever the length of the text");
        Fact("model", file.Metadata.GetValueOrDefault("model", "?") + ", the fingerprint of its weights; the model itself is not in the file");
        foreach ((string name, string note) in SessionFile.Notes(file.Metadata).Take(20))
            Fact("note", $"{Short(name)}: {Short(note)}");
        if (file.Metadata.GetValueOrDefault("version") != SessionFile.Version)
            Fail($"version {file.Metadata.GetValueOrDefault("version", "?")} of the format; expected {SessionFile.Version}");
        else
            Whole(file);
        next.Add($"xlstm generate --model DIR --session {Quoted(path)}");
    }

    private void Whole(SafetensorsFile file)
    {
        if (values && !ChecksummedFile.IsWhole(file))
            Fail("the checksum is another one: the file is damaged");
    }

    private void OfTorch(string file)
    {
        Is(CheckpointKind.Tensors, "a file of torch.save");
        JsonElement? root = null;
        if (Try(() => TorchFile.Open(file)) is not { } torch)
        {
            Fact("file", Quantity.Bytes(new FileInfo(file).Length));
            return;
        }
        using (torch)
        {
            tensors = torch.Tensors;
            if (torch.Root.Find("hyper_parameters") is { } node)
                root = TryValue(() => torch.ToJson(node));
            if (tensors.Count == 0)
            {
                Fail($"{file} has no tensors: {torch.Root}");
                return;
            }
            beside = Beside(torch);
        }
        if (Try(() => ModelWeights.Open(file, under: "")) is not { } opened)
            return;
        using ModelWeights weights = opened;
        bool tirex = ModelConfigOf(root) is not null;
        string? configFile = tirex ? null : ConfigBeside(file);
        OfWeights(weights, tirex ? root : configFile is null ? null : TryValue(() => ConfigDocument.Read(configFile)), configFile);
    }

    // What a trainer saved beside the tensors, and objects of classes, which stay names.
    private string[] Beside(TorchFile torch)
    {
        string[] other = [.. torch.Root.Entries.Where(e => e.Key.Text is not null && e.Value.Kind is not TorchKind.Tensor && !torch.Tensors.Any(t => t.Name.StartsWith(e.Key.Text + ".", StringComparison.Ordinal)))
            .Take(8).Select(e => $"{Short(e.Key.Text!)}: {Short(e.Value.Kind == TorchKind.Dictionary && e.Value.Entries.Count <= 12 ? TryOr(() => torch.ToJson(e.Value).GetRawText(), $"{e.Value}") : $"{e.Value}")}")];
        string[] classes = [.. torch.Root.Entries.Where(e => e.Value.Kind == TorchKind.Instance).Select(e => e.Value.TypeName ?? "").Distinct(StringComparer.Ordinal).Take(5)];
        if (torch.Root.Kind == TorchKind.Instance)
            classes = [torch.Root.TypeName ?? ""];
        if (classes.Length > 0)
            Note($"the file has objects of Python classes ({string.Join(", ", classes.Select(name => Short(name)))}); they are shown, and never executed");
        return other;
    }

    private void OfText(string file)
    {
        string name = Path.GetFileName(file);
        if (name.Equals(TextTokenizer.FileName, StringComparison.OrdinalIgnoreCase) || Gpt2Files.AreAt(file))
        {
            OfTokenizer(file);
            return;
        }
        if (IsTable(file))
        {
            Is(CheckpointKind.Foreign, "a table of separated values");
            Fail($"{file} is a table, no model: \"xlstm forecast\" reads it");
            next.Add($"xlstm forecast {Quoted(file)}");
            return;
        }
        if (TryValue(() => ConfigDocument.Read(file)) is not { } root)
            return;
        if (root.ValueKind != JsonValueKind.Object)
        {
            Is(CheckpointKind.Foreign, "a text");
            Fail(s_namesOfModels.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase)
                ? $"{file} is a text, for all that its name says: was a page saved instead of the file it links to?"
                : $"{file} is a text, no model: \"xlstm train\" learns from it, \"xlstm evaluate\" measures how well a model predicts it");
            return;
        }
        if (IsTokenizer(root))
        {
            OfTokenizer(file);
            return;
        }
        if (name.EndsWith(IndexSuffix, StringComparison.OrdinalIgnoreCase))
        {
            Is(CheckpointKind.Tensors, "an index of shards");
            if (!MissingShards(Path.GetFullPath(file), Path.GetDirectoryName(Path.GetFullPath(file))!))
                next.Add($"xlstm inspect {Quoted(Path.GetDirectoryName(Path.GetFullPath(file))!)}");
            return;
        }
        OfConfig(root, file);
    }

    private void OfTokenizer(string file)
    {
        Is(CheckpointKind.Tokenizer, "a tokenizer");
        if (Try(() => TextTokenizer.Load(file)) is { } tokenizer)
            Fact("tokenizer", $"{tokenizer.Name}, {Quantity.Count(tokenizer.VocabularySize)} tokens");
        next.Add($"xlstm generate --model DIR --tokenizer {Quoted(file)}");
    }

    // By what is in it: one of ours, or one of the tokenizers library.
    private static bool IsTokenizer(JsonElement root) => Text(root, "type") is ByteTokenizer.Kind or CharacterTokenizer.Kind
        || (root.TryGetProperty("model", out JsonElement model) && model.ValueKind == JsonValueKind.Object && model.TryGetProperty("vocab", out _));

    // As many of a separator in each of the first lines, and nothing of a config.
    private static bool IsTable(string file)
    {
        const int Lines = 5, LongestStart = 1 << 16;
        using var reader = new StreamReader(file);
        var start = new char[LongestStart];
        int length = reader.ReadBlock(start);
        string[] lines = [.. new string(start, 0, length).Split('\n', Lines + 1, StringSplitOptions.TrimEntries).Take(Lines).Where(line => line.Length > 0)];
        return lines.Length > 1 && !lines.Any(line => line[0] is '{' or '[' or '#' || line.StartsWith("- ", StringComparison.Ordinal) || line.EndsWith(':') || line.Contains(": ", StringComparison.Ordinal))
            && ",;\t|".Any(separator => lines.Select(line => line.Count(c => c == separator)).Distinct().ToArray() is [> 0]);
    }

    /// <summary>A config alone: without weights, or with ones that cannot be read.</summary>
    private void OfConfig(JsonElement? root, string? configFile)
    {
        CheckpointKind family = FamilyOf(root);
        switch (family)
        {
            case CheckpointKind.XLstmLarge:
                Is(family, "xLSTM Large, config only");
                break;
            case CheckpointKind.TiRex:
                Is(family, "TiRex, config only");
                break;
            case CheckpointKind.TiRex2:
                Is(family, "TiRex-2, config only");
                Fail("TiRex-2 is another architecture and is not supported");
                break;
            default:
                config = root is { } document && configFile is not null ? Try(() => (XLstmStackConfig)ModelConfigReader.Parse(document, configFile)) : TryConfig();
                if (config is not null)
                {
                    bool tokens = config is XLstmLanguageModelConfig;
                    Is(Directory.Exists(path) ? tokens ? CheckpointKind.LanguageModel : CheckpointKind.Stack : CheckpointKind.Config, tokens ? "language model of the paper's blocks, config only" : "stack of the paper's blocks, config only");
                    Architecture(config);
                    stateBytes = StateSize.Of(config);
                    Fact("session", $"{Quantity.Bytes(stateBytes.Value)} of state, whatever the length of the sequence");
                }
                break;
        }
        if (!Directory.Exists(path))
            return;
        if (TryTokenizer() is { } tokenizer)
            Fact("tokenizer", $"{tokenizer.Name}, {Quantity.Count(tokenizer.VocabularySize)} tokens");
        foreach (string file in WeightFiles().Take(10))
            Fact("file", $"{Path.GetFileName(file)}: {Quantity.Bytes(new FileInfo(file).Length)}");
    }

    private XLstmStackConfig? TryConfig() => findings.Exists(f => f.Severity == FindingSeverity.Error) && ConfigNames.Any(n => File.Exists(Path.Combine(path, n))) ? null : Try(() => (XLstmStackConfig)ModelConfigReader.Read(path));

    private TextTokenizer? TryTokenizer() => File.Exists(Path.Combine(path, TextTokenizer.FileName)) ? Try(() => TextTokenizer.Load(path)) : null;

    private static CheckpointKind FamilyOf(JsonElement? root)
    {
        if (root is not { ValueKind: JsonValueKind.Object } document)
            return CheckpointKind.Unknown;
        JsonElement section = Section(document);
        bool Has(params string[] keys) => keys.Any(key => document.TryGetProperty(key, out _) || (section.ValueKind == JsonValueKind.Object && section.TryGetProperty(key, out _)));
        if (ModelConfigOf(document) is not null)
            return CheckpointKind.TiRex;
        if (Has("stack_config", "tokenizer_cfg", "scaler_cfg"))
            return CheckpointKind.TiRex2;
        if (Text(document, "model_type") == "xlstm" || Has("qk_dim_factor", "weight_mode", "gate_soft_cap", "sequence_kernel"))
            return CheckpointKind.XLstmLarge;
        return Has("mlstm_block", "slstm_block") || Text(document, "format") == ModelConfigReader.Format ? CheckpointKind.LanguageModel : CheckpointKind.Unknown;
    }

    private static string Short(string text, int most = 160) => text.Length <= most ? text : text[..(most - 3)] + "...";

    private static string? ConfigBeside(string file)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        return ConfigNames.Select(n => Path.Combine(folder, n)).FirstOrDefault(File.Exists);
    }

    private void OfRun()
    {
        string run = Path.Combine(path, RunOptions);
        if (!File.Exists(run))
            return;
        bool forecaster = kind == CheckpointKind.Forecaster;
        Is(CheckpointKind.TrainingRun, $"training run of a {(forecaster ? "forecaster" : "language model")}: {description}");
        if (TryValue(() => ConfigDocument.Read(run)) is { ValueKind: JsonValueKind.Object } options)
            Fact("run", string.Join(", ", options.EnumerateObject().Where(p => p.Value.ValueKind is JsonValueKind.Number or JsonValueKind.String).Take(12).Select(p => $"{p.Name} {Short(p.Value.ToString(), 60)}")));
        if (!File.Exists(Path.Combine(path, "state.safetensors")))
            Warn("there is no state.safetensors: the run ended before its first checkpoint");
        else
            next.Add($"xlstm {(!forecaster ? "train" : File.Exists(Path.Combine(path, "series.safetensors")) ? "finetune-forecaster" : "train-forecaster")} --out {Quoted(path)} --resume");
    }
}
