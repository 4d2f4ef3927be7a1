using System.Text.Json;

namespace XLstm;

// Models of the paper's blocks: directories with a config, and files of those who trained with the Python package.
internal sealed partial class Inspection
{
    private const string TiedHead = "lm_head.weight", TokenEmbedding = "token_embedding.weight", StackName = "xlstm_block_stack.";

    private void OfPaper(ModelWeights weights, JsonElement? root, string? configFile)
    {
        bool said = root is not null && FamilyOf(root) == CheckpointKind.LanguageModel;
        config = said ? Try(() => (XLstmStackConfig)ModelConfigReader.Parse(root!.Value, configFile!)) : null;
        IReadOnlyList<string> prefixes = StackTensors.Prefixes(weights.Tensors.Select(t => t.Name));
        StackTensors? stack = said && config is null && prefixes.Count == 0 ? null : prefixes.Count == 0 ? null : Try(() => StackTensors.Find(weights, null));
        if (stack is null)
        {
            Is(prefixes.Count > 1 ? CheckpointKind.Stack : CheckpointKind.LanguageModel, prefixes.Count > 1 ? "several stacks of the paper's blocks" : "language model of the paper's blocks");
            next.AddRange(prefixes.Take(5).Select(p => $"in C#: XLstmStack.Load({Literal(weights.Path)}, prefix: {Literal(p)})"));
            if (config is not null)
                Architecture(config);
            return;
        }
        prefix = stack.Prefix;
        bool tokens = config is XLstmLanguageModelConfig || (config is null && stack.IsLanguageModel);
        // Without a config the tensors are all that counts; with one they must be what it asks for.
        XLstmStackConfig? trainers = said ? null : TrainerConfig.Find(path);
        config ??= Try(() => tokens ? stack.LanguageModel(trainers) : stack.Config(trainers));
        Is(tokens ? CheckpointKind.LanguageModel : CheckpointKind.Stack, Described(weights, tokens, said));
        if (config is null)
            return;
        Architecture(config);
        Tensors(weights, stack, config);
        stateBytes = StateSize.Of(config);
        Fact("session", $"{Quantity.Bytes(stateBytes.Value)} of state, whatever the length of the {(tokens ? "text" : "sequence")}");
        if (tokens)
            Fact("per token", $"{Quantity.Bytes(weights.Tensors.Where(t => !t.Name.EndsWith(TokenEmbedding, StringComparison.Ordinal)).Sum(t => t.ByteLength))} of weights, as they are stored, are read for every token that is generated");
        Layout(weights, stack);
        if (!said)
            OfTrainer(config, trainers is not null);
        if (tokens)
            NextOfLanguageModel(weights.Path);
        else
            OfMaps(weights, stack);
        if (said)
            Dialect(root!.Value, configFile!);
    }

    // What its trainer left beside the weights, against what they are.
    private void OfTrainer(XLstmStackConfig of, bool told)
    {
        if (File.Exists(path))
            foreach (string file in TrainerConfig.Files(path).Take(3))
                Claims(Path.GetFileName(file), TryOr<JsonElement?>(() => ConfigDocument.Read(file), null), of);
        if (!told && of.SlstmBlock is { Feedforward: not null })
            Note($"no config tells what the tensors do not: taken are {StackTensors.Assumed}, as the package has it by default");
    }

    private void Claims(string name, JsonElement? root, XLstmStackConfig of)
    {
        if (root is not { } said)
            return;
        (int same, IReadOnlyList<string> others) = TrainerClaims.Compare(said, of);
        if (others.Count > 0)
            Warn($"{name} says otherwise: {Quantity.Some(others, 4)}; the tensors count");
        else if (same > 0)
            Fact("config", $"{name} states {same} of these sizes, and the same ones");
    }

    private string Described(ModelWeights weights, bool tokens, bool said)
    {
        string from = File.Exists(path) && ModelWeights.IsTorch(path) ? ", as torch.save wrote it" : "";
        string where = prefix is null or "" or StackName ? "" : $", under {prefix[..^1]}";
        string what = tokens ? "language model of the paper's blocks" : "stack of the paper's blocks, without tokens";
        return what + where + from + (said || weights.Tensors.Any() == false ? "" : "; its sizes are those of its tensors");
    }

    private void Architecture(XLstmStackConfig of)
    {
        int mixing = Enumerable.Range(0, of.NumBlocks).Count(of.BlockIsSLstm);
        Fact("blocks", $"{of.NumBlocks}: {Map(of)}   (m: mLSTM, s: sLSTM)");
        Fact("width", $"{of.EmbeddingDim}");
        if (mixing < of.NumBlocks)
            Fact("mLSTM", MLstm(of.MlstmBlock!.Mlstm, of));
        if (mixing > 0)
            Fact("sLSTM", SLstm(of.SlstmBlock!, of));
        if (!of.AddPostBlocksNorm)
            Fact("output norm", "none");
        if (of is XLstmLanguageModelConfig model)
            Fact("vocabulary", $"{Quantity.Count(model.VocabSize)} tokens" + (model.TieWeights ? ", head tied to the embedding" : ""));
        if (of.Dropout > 0)
            Fact("dropout", $"{of.Dropout} while training");
    }

    // "m s m m", shortened where it is long.
    private static string Map(XLstmStackConfig of)
    {
        const int longest = 64;
        string map = string.Join(' ', Enumerable.Range(0, Math.Min(of.NumBlocks, longest)).Select(i => of.BlockIsSLstm(i) ? 's' : 'm'));
        return of.NumBlocks > longest ? map + " ..." : map;
    }

    private static string MLstm(MLstmLayerConfig layer, XLstmStackConfig of)
    {
        int inner = layer.InnerSize(of.EmbeddingDim);
        return $"{Heads(layer.NumHeads)} of {inner / layer.NumHeads} x {inner / layer.NumHeads}, inner width {inner}, q, k, v in blocks of {layer.QkvProjBlocksize}, {Convolution(layer.Conv1dKernelSize)}"
            + (of.Bias ? ", biases" : "");
    }

    private static string SLstm(SLstmBlockConfig block, XLstmStackConfig of)
    {
        SLstmLayerConfig layer = block.Slstm;
        return $"{Heads(layer.NumHeads)} of {of.EmbeddingDim / layer.NumHeads}, {Convolution(layer.Conv1dKernelSize)}, "
            + (block.Feedforward is { } forward ? $"feed-forward {forward.ActFn} of width {forward.InnerSize(of.EmbeddingDim)}" : "no feed-forward")
            + (layer.Function == "lstm" ? ", cells are plain LSTM" : "")
            + (block.Form == "paper" ? ", one residual as the paper draws it" : "");
    }

    private static string Heads(long heads) => heads == 1 ? "1 head" : $"{heads} heads";

    private static string Convolution(int kernel) => kernel > 0 ? $"convolution over {kernel} steps" : "no convolution";

    // What is missing, of another shape, or too much.
    private void Tensors(ModelWeights weights, StackTensors stack, XLstmStackConfig of)
    {
        // What a config claims is gone through only if the file is as large.
        if (of.NumBlocks > 2 * stack.Stored() + 8)
        {
            Fail($"the config says {of.NumBlocks} blocks, the tensors have {stack.Stored()}");
            return;
        }
        var expected = new Dictionary<string, long[]>(StringComparer.Ordinal);
        foreach ((string name, long[] shape) in stack.Expected(of))
            expected.TryAdd(name, shape);
        if (of is XLstmLanguageModelConfig model)
        {
            expected[stack.Parent + TokenEmbedding] = [model.VocabSize, of.EmbeddingDim];
            if (!model.TieWeights || weights.Contains(stack.Parent + TiedHead))
                expected[stack.Parent + TiedHead] = [model.VocabSize, of.EmbeddingDim];
        }
        Fact("parameters", Quantity.Count(weights.Tensors.Where(t => expected.ContainsKey(t.Name) && !(of is XLstmLanguageModelConfig { TieWeights: true } && t.Name.EndsWith(TiedHead, StringComparison.Ordinal))).Sum(t => t.Count)));
        foreach (var group in weights.Tensors.Where(t => expected.ContainsKey(t.Name)).GroupBy(t => KindOf(t.Name), StringComparer.Ordinal).OrderByDescending(g => g.Sum(t => t.Count)))
            Fact("parameters", $"{Quantity.Count(group.Sum(t => t.Count)),15}  {group.Key}");
        Compare(weights, expected, name => of is XLstmLanguageModelConfig || stack.Owns(name));
    }

    private void Compare(ModelWeights weights, Dictionary<string, long[]> expected, Func<string, bool> owns)
    {
        List<string> missing = [.. expected.Keys.Where(name => !weights.Contains(name))];
        if (missing.Count > 0)
            Fail($"{missing.Count} tensors are missing: {Quantity.Some(missing)}");
        List<string> unexpected = [.. weights.Tensors.Select(t => t.Name).Where(name => owns(name) && !expected.ContainsKey(name) && !name.EndsWith(".causal_mask", StringComparison.Ordinal))];
        if (unexpected.Count > 0)
            Fail($"{unexpected.Count} tensors that the config does not ask for, so the model cannot be loaded: {Quantity.Some(unexpected)}");
        List<TensorInfo> other = [.. weights.Tensors.Where(t => expected.TryGetValue(t.Name, out long[]? shape) && !t.Shape.SequenceEqual(shape))];
        if (other.Count > 0)
            Fail($"{other.Count} tensors have other shapes than the model needs: {Quantity.Some([.. other.Select(t => $"{t.Name} [{string.Join(", ", t.Shape)}] for [{string.Join(", ", expected[t.Name])}]")], 3)}");
    }

    private static string KindOf(string name) =>
        name.EndsWith(TokenEmbedding, StringComparison.Ordinal) ? "token embedding"
        : name.EndsWith(TiedHead, StringComparison.Ordinal) ? "head"
        : name.Contains("norm", StringComparison.Ordinal) ? "norms"
        : name.Contains(".ffn.", StringComparison.Ordinal) ? "feed-forward"
        : name.Contains("_recurrent_kernel_", StringComparison.Ordinal) ? "sLSTM memory mixing"
        : name.Contains("gate", StringComparison.Ordinal) || name.Contains("_bias_", StringComparison.Ordinal) ? "gates"
        : name.Contains("conv1d", StringComparison.Ordinal) ? "convolutions"
        : name.Contains("_proj.", StringComparison.Ordinal) ? "queries, keys, values"
        : name.Contains("proj_", StringComparison.Ordinal) ? "up- and down-projections"
        : name.Contains("skip", StringComparison.Ordinal) ? "skip connections"
        : "others";

    private void Layout(ModelWeights weights, StackTensors stack)
    {
        List<TensorInfo> kernels = [.. weights.Tensors.Where(t => t.Name.EndsWith(RecurrentLayout.Kernel, StringComparison.Ordinal) && t.Shape.Count == 3 && (t.Name.StartsWith(stack.Prefix, StringComparison.Ordinal)))];
        if (kernels.Count == 0)
            return;
        Fact("gates", "of the sLSTM layers: the weight called fgate feeds the input gate and igate the forget gate, as the Python package trains them; kept");
        List<TensorInfo> cuda = [.. kernels.Where(RecurrentLayout.IsCuda)];
        Fact("layout", cuda.Count == 0 ? "recurrent kernels [heads, 4 out, in], as the package's CPU backend saves them"
            : $"{(cuda.Count == kernels.Count ? "recurrent kernels" : string.Join(", ", cuda.Select(t => t.Name)))} [heads, in, 4 out], the layout of the CUDA code; told by the shape and turned when loaded");
        foreach (TensorInfo kernel in kernels)
            if (values && TryOr(() => RecurrentLayout.BiasContradicts(weights, kernel), false))
                Warn($"{kernel.Name} has one layout and the bias beside it looks like the other: its forget biases, which are trained from large numbers, stand elsewhere. Was the file converted? The kernel's layout is taken for both");
    }

    private void OfMaps(ModelWeights weights, StackTensors stack)
    {
        var maps = Try(() => new StackMaps(weights, stack));
        if (maps is null)
            return;
        if (maps.Input is { } input)
            Fact("before it", $"{input}: {weights.Info(input + ".weight").Shape[1]} in, {weights.Info(input + ".weight").Shape[0]} out");
        if (maps.Output is { } output)
            Fact("after it", $"{output}: {weights.Info(output + ".weight").Shape[1]} in, {weights.Info(output + ".weight").Shape[0]} out");
        if (maps.Others.Count == 0)
        {
            next.Add($"xlstm outputs {Quoted(weights.Path)} --inputs x.safetensors --output y.safetensors");
            next.Add($"in C#: XLstmStackModel.Load({Literal(weights.Path)}), with the maps before and after the stack");
            next.Add($"in C#: XLstmStack.Load({Literal(weights.Path)}), the blocks alone");
            return;
        }
        Warn($"around the stack are layers of its author's own, which are not read with it: {Quantity.Some(maps.Others)}");
        next.Add($"in C#: XLstmStack.Load({Literal(weights.Path)}), and layers of your own over ModelWeights for what is around it");
    }

    private void NextOfLanguageModel(string model)
    {
        bool directory = Directory.Exists(path);
        string? folder = directory ? path : Path.GetDirectoryName(Path.GetFullPath(path));
        int? vocabulary = (config as XLstmLanguageModelConfig)?.VocabSize;
        if (!File.Exists(Path.Combine(folder!, TextTokenizer.FileName)))
        {
            Warn($"there is no {TextTokenizer.FileName}: \"generate\" needs --tokenizer");
            next.Add($"xlstm generate --model {Quoted(model)} --tokenizer {(vocabulary == 256 ? "bytes" : "FILE")} --prompt TEXT");
            return;
        }
        if (Try(() => TextTokenizer.Load(folder!)) is { } tokenizer)
        {
            Fact("tokenizer", $"{tokenizer.Name}, {Quantity.Count(tokenizer.VocabularySize)} tokens");
            if (vocabulary is not null && vocabulary != tokenizer.VocabularySize)
                Warn($"the tokenizer has {Quantity.Count(tokenizer.VocabularySize)} tokens, the model {Quantity.Count(vocabulary.Value)}");
        }
        next.Add($"xlstm generate --model {Quoted(model)} --prompt TEXT");
    }

    private void Dialect(JsonElement root, string file)
    {
        if (!(root.TryGetProperty("format", out JsonElement format) && format.ValueKind == JsonValueKind.String && format.ValueEquals(ModelConfigReader.Format)))
            Warn($"{Path.GetFileName(file)} was written by another program: keys that are not known here are ignored");
    }

    private static string Literal(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
