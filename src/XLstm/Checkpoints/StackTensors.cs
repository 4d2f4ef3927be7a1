namespace XLstm;

/// <summary>
/// A stack of the paper's blocks as its tensors show it. Trainers save parameters without a config, or with one of their own
/// keys: names and shapes tell the blocks and all sizes. What they do not tell (<see cref="Assumed"/>) is taken as the Python
/// package has it by default, or from a config that came along.
/// </summary>
/// <param name="weights">All tensors of the file.</param>
/// <param name="prefix">What the names of the stack start with: "", or a text that ends with a point.</param>
internal sealed class StackTensors(ModelWeights weights, string prefix)
{
    internal const string Assumed = "gelu in the feed-forward and the sLSTM cell (not the plain LSTM)";

    private const string Embedding = "token_embedding.weight", Norm = ".xlstm_norm.weight", Blocks = "blocks.", Kernel = "xlstm.slstm_cell._recurrent_kernel_";
    private const int Largest = int.MaxValue / 8;

    internal string Prefix => prefix;

    /// <summary>What the names around the stack start with: those of the maps before and after it.</summary>
    internal string Parent => prefix.LastIndexOf('.', Math.Max(prefix.Length - 2, 0)) is >= 0 and var at ? prefix[..(at + 1)] : "";

    /// <summary>The prefixes of all stacks among these names, in their order.</summary>
    internal static IReadOnlyList<string> Prefixes(IEnumerable<string> names)
    {
        var prefixes = new List<string>();
        foreach (string name in names)
            if (name.EndsWith(Norm, StringComparison.Ordinal) && PrefixOf(name.AsSpan(0, name.Length - Norm.Length)) is { } prefix && !prefixes.Contains(prefix, StringComparer.Ordinal))
                prefixes.Add(prefix);
        return prefixes;
    }

    /// <summary>The only stack of a file, or the one under <paramref name="prefix"/>.</summary>
    /// <exception cref="CheckpointException">There is none, or there are several and none is named.</exception>
    internal static StackTensors Find(ModelWeights weights, string? prefix)
    {
        IReadOnlyList<string> prefixes = Prefixes(weights.Tensors.Select(t => t.Name));
        if (prefix is not null)
        {
            string named = prefix.Length == 0 || prefix.EndsWith('.') ? prefix : prefix + ".";
            return prefixes.Contains(named, StringComparer.Ordinal)
                ? new(weights, named)
                : throw new CheckpointException(weights.Path, $"the stack \"{prefix}\"", $"tensors {named}blocks.0.xlstm_norm.weight and so on", Listed(prefixes));
        }
        // Of a model and its running average, or an older copy, the one that is called like a model.
        IReadOnlyList<string> usual = [.. prefixes.Where(p => TorchParameters.IsUsual(p.Split('.')[0]))];
        return (usual.Count == 1 ? usual : prefixes) switch
        {
            [var only] => new(weights, only),
            [] => throw new CheckpointException(weights.Path, "the tensors", "a stack of xLSTM blocks: blocks.0.xlstm_norm.weight and so on, under any prefix", Some(weights.Tensors.Select(t => t.Name)), "\"xlstm inspect\" says what is in the file."),
            var several => throw new CheckpointException(weights.Path, "the stack", "one", Listed(several), "Name one of them by its prefix."),
        };
    }

    /// <summary>Whether a tensor belongs to the stack.</summary>
    internal bool Owns(string name) =>
        name.StartsWith(prefix, StringComparison.Ordinal)
        && (name.AsSpan(prefix.Length).StartsWith(Blocks, StringComparison.Ordinal) || name.AsSpan(prefix.Length).StartsWith("post_blocks_norm.", StringComparison.Ordinal));

    /// <summary>The stack, its parameters in <paramref name="parameters"/> by their names in the file.</summary>
    /// <exception cref="CheckpointException">A tensor is missing, has another shape than the others ask for, or is one too many.</exception>
    internal XLstmStack Build(ParameterSet parameters, XLstmStackConfig? said = null)
    {
        var stack = new XLstmStack(prefix.Length == 0 ? parameters.Root : parameters.Root.At(prefix[..^1]), Config(said));
        IReadOnlyList<string> unexpected = Unexpected(parameters);
        return unexpected.Count == 0 ? stack : throw new CheckpointException(
            weights.Path, $"tensor {unexpected[0]}", "only tensors of the paper's blocks", unexpected.Count == 1 ? "one more" : $"{unexpected.Count} more", "The blocks were changed by their author: they compute something else.");
    }

    /// <summary>Tensors among the stack's own that no block asked for.</summary>
    internal IReadOnlyList<string> Unexpected(ParameterSet parameters) =>
        // Early versions stored the mask of the parallel form.
        [.. parameters.Unexpected().Where(name => Owns(name) && !name.EndsWith(".causal_mask", StringComparison.Ordinal))];

    /// <summary>The architecture. Sizes are those of the tensors; <paramref name="said"/> is asked for what they do not tell, if it is of this stack.</summary>
    internal XLstmStackConfig Config(XLstmStackConfig? said = null)
    {
        int count = Count(), width = Size("blocks.0.xlstm_norm.weight", 0, 1);
        int[] sLstm = [.. Enumerable.Range(0, count).Where(i => Has($"blocks.{i}.{Kernel}"))];
        int mLstm = Enumerable.Range(0, count).Except(sLstm).FirstOrDefault(-1);
        if (said is not null && (said.NumBlocks != count || said.EmbeddingDim != width))
            said = null;
        var config = new XLstmStackConfig(
            count, width, mLstm < 0 ? null : MLstm($"blocks.{mLstm}.xlstm.", width), sLstm.Length == 0 ? null : SLstm($"blocks.{sLstm[0]}.", width, said?.SlstmBlock),
            mLstm < 0 ? [] : sLstm, said?.ContextLength ?? -1, Has("post_blocks_norm.weight"), mLstm >= 0 && Has($"blocks.{mLstm}.xlstm.proj_up.bias"), said?.Dropout ?? 0);
        foreach (var (key, found, expected) in config.Problems())
            throw new CheckpointException(weights.Path, $"the tensors, by which {key} is {found}", expected);
        return config;
    }

    /// <summary>Whether there are an embedding and a head around the stack, as in the package's language models.</summary>
    internal bool IsLanguageModel => prefix.EndsWith("xlstm_block_stack.", StringComparison.Ordinal) && weights.Contains(Parent + Embedding);

    /// <summary>The architecture of the language model around the stack.</summary>
    internal XLstmLanguageModelConfig LanguageModel(XLstmStackConfig? said = null)
    {
        if (!IsLanguageModel)
            throw new CheckpointException(weights.Path, "the tensors", $"those of a language model, {Embedding} beside xlstm_block_stack", "a stack without tokens", "XLstmStackModel.Load reads it.");
        IReadOnlyList<long> shape = weights.Info(Parent + Embedding).Shape;
        if (shape is not [> 0 and < Largest and var vocabulary, _])
            throw new CheckpointException(weights.Path, $"tensor {Parent}{Embedding}", "[vocabulary, width]", $"[{string.Join(", ", shape)}]");
        XLstmStackConfig stack = Config(said);
        var model = said as XLstmLanguageModelConfig;
        return new((int)vocabulary, stack.NumBlocks, stack.EmbeddingDim, stack.MlstmBlock, stack.SlstmBlock, stack.SlstmAt, stack.ContextLength, stack.AddPostBlocksNorm, stack.Bias, stack.Dropout,
            TieWeights: !weights.Contains(Parent + "lm_head.weight") || model is { TieWeights: true }, model?.WeightDecayOnEmbedding ?? false, model?.AddEmbeddingDropout ?? false);
    }

    /// <summary>The tensors that a stack of this architecture has, by their names in the file; inner widths and the layout of recurrent kernels are those that are stored.</summary>
    internal IEnumerable<(string Name, long[] Shape)> Expected(XLstmStackConfig config)
    {
        long width = config.EmbeddingDim;
        for (int i = 0; i < config.NumBlocks; i++)
        {
            string block = $"{prefix}blocks.{i}.";
            yield return (block + "xlstm_norm.weight", [width]);
            foreach (var tensor in config.BlockIsSLstm(i) ? ExpectedSLstm(block, config.SlstmBlock!, width) : ExpectedMLstm(block + "xlstm.", config.MlstmBlock!.Mlstm, config))
                yield return tensor;
        }
        if (config.AddPostBlocksNorm)
            yield return (prefix + "post_blocks_norm.weight", [width]);
    }

    private IEnumerable<(string Name, long[] Shape)> ExpectedMLstm(string at, MLstmLayerConfig layer, XLstmStackConfig config)
    {
        long width = config.EmbeddingDim, heads = layer.NumHeads;
        long inner = Stored(at + "proj_down.weight", 1) is { } stored && stored % heads == 0 ? stored : layer.InnerSize(config.EmbeddingDim);
        long blocks = Math.Max((long)Math.Round((double)inner / layer.QkvProjBlocksize, MidpointRounding.ToEven), 1);
        yield return (at + "learnable_skip", [inner]);
        yield return (at + "mlstm_cell.outnorm.weight", [inner]);
        foreach (string gate in (string[])["igate", "fgate"])
        {
            yield return ($"{at}mlstm_cell.{gate}.weight", [heads, 3 * inner]);
            yield return ($"{at}mlstm_cell.{gate}.bias", [heads]);
        }
        (string Name, long[] Shape, long Outputs)[] maps =
        [
            ("proj_up", [2 * inner, width], 2 * inner), ("proj_down", [width, inner], width),
            ("q_proj", [blocks, inner / blocks, inner / blocks], inner), ("k_proj", [blocks, inner / blocks, inner / blocks], inner), ("v_proj", [blocks, inner / blocks, inner / blocks], inner),
        ];
        foreach ((string name, long[] shape, long outputs) in maps)
        {
            yield return ($"{at}{name}.weight", shape);
            if (config.Bias)
                yield return ($"{at}{name}.bias", [outputs]);
        }
        foreach (var tensor in ExpectedConvolution(at, layer.Conv1dKernelSize, inner))
            yield return tensor;
    }

    private IEnumerable<(string Name, long[] Shape)> ExpectedSLstm(string block, SLstmBlockConfig config, long width)
    {
        string at = block + "xlstm.";
        long heads = config.Slstm.NumHeads, d = width / heads;
        foreach (string gate in (string[])["fgate", "igate", "zgate", "ogate"])
            yield return ($"{at}{gate}.weight", [heads, d, d]);
        yield return (at + "slstm_cell._recurrent_kernel_", Stored(at + "slstm_cell._recurrent_kernel_", 2) == 4 * d ? [heads, d, 4 * d] : [heads, 4 * d, d]);
        yield return (at + "slstm_cell._bias_", [4 * width]);
        if (config.Slstm.GroupNormWeight)
            yield return (at + "group_norm.weight", [width]);
        foreach (var tensor in ExpectedConvolution(at, config.Slstm.Conv1dKernelSize, width))
            yield return tensor;
        if (config.Feedforward is not { } forward)
            yield break;
        long inner = Stored(block + "ffn.proj_up.weight", 0) / 2 ?? forward.InnerSize((int)width);
        if (config.Form != "paper")
            yield return (block + "ffn_norm.weight", [width]);
        yield return (block + "ffn.proj_up.weight", [2 * inner, width]);
        yield return (block + "ffn.proj_down.weight", [width, inner]);
        if (forward.Bias)
        {
            yield return (block + "ffn.proj_up.bias", [2 * inner]);
            yield return (block + "ffn.proj_down.bias", [width]);
        }
    }

    private static IEnumerable<(string Name, long[] Shape)> ExpectedConvolution(string at, int kernel, long features) =>
        kernel == 0 ? [] : [(at + "conv1d.conv.weight", [features, 1, kernel]), (at + "conv1d.conv.bias", [features])];

    private long? Stored(string name, int dimension) =>
        weights.Contains(name) && weights.Info(name).Shape is var shape && shape.Count > dimension && shape[dimension] is > 0 and <= Largest ? shape[dimension] : null;

    private int Count()
    {
        int count = 0;
        while (Has($"blocks.{count}.xlstm_norm.weight"))
            count++;
        int stored = weights.Tensors.Count(t => t.Name.StartsWith(prefix + Blocks, StringComparison.Ordinal) && t.Name.EndsWith(Norm, StringComparison.Ordinal));
        return count == stored && count > 0 ? count : throw new CheckpointException(weights.Path, "the blocks", $"{prefix}blocks.0 to {prefix}blocks.{Math.Max(stored, 1) - 1}", $"no {prefix}blocks.{count}.xlstm_norm.weight");
    }

    private MLstmBlockConfig MLstm(string at, int width)
    {
        int inner = Size(at + "proj_down.weight", 1, 2);
        (double factor, bool up, int multiple) = Rounding(inner, width, 2);
        return new(new(Size(at + "mlstm_cell.igate.weight", 0, 2), Kernels(at), Size(at + "q_proj.weight", 2, 3), factor, up, multiple));
    }

    private SLstmBlockConfig SLstm(string block, int width, SLstmBlockConfig? said)
    {
        string at = block + "xlstm.";
        var layer = new SLstmLayerConfig(Size(block + Kernel, 0, 3), Kernels(at), Has(at + "group_norm.weight"), said?.Slstm.Function ?? "slstm");
        if (!Has(block + "ffn.proj_up.weight"))
            return new(layer, null);
        int inner = Size(block + "ffn.proj_down.weight", 1, 2), up = Size(block + "ffn.proj_up.weight", 0, 2);
        if (up != 2L * inner)
            throw new CheckpointException(weights.Path, $"tensor {prefix}{block}ffn.proj_up.weight", $"{2L * inner} rows, a gate and an up-projection for the {inner} columns of ffn.proj_down", $"{up}", "Only the gated feed-forward is known.");
        (double factor, bool roundUp, int multiple) = Rounding(inner, width, 1.3);
        var forward = new FeedForwardConfig(factor, said?.Feedforward?.ActFn ?? "gelu", Has(block + "ffn.proj_up.bias"), said?.Feedforward?.Dropout ?? 0, roundUp, multiple);
        return new(layer, forward, Has(block + "ffn_norm.weight") ? "package" : "paper");
    }

    private int Kernels(string at)
    {
        const string Name = "conv1d.conv.weight";
        if (!Has(at + Name))
            return 0;
        int channels = Size(at + Name, 1, 3);
        return channels == 1 ? Size(at + Name, 2, 3) : throw new CheckpointException(weights.Path, $"tensor {prefix}{at}{Name}", "one input channel for each output", $"{channels}", "Convolutions that mix channels are not read.");
    }

    // The factor and the rounding that give the stored width; the package's own where they do.
    private static (double Factor, bool Up, int Multiple) Rounding(int inner, int width, double usual)
    {
        foreach (double factor in (ReadOnlySpan<double>)[usual, (double)inner / width])
            foreach (int multiple in (ReadOnlySpan<int>)[64, 1])
                foreach (bool up in (ReadOnlySpan<bool>)[true, false])
                    if (InnerSize.Round(factor, width, up, multiple) == inner)
                        return (factor, up, multiple);
        return ((double)inner / width, true, 1);
    }

    private bool Has(string name) => weights.Contains(prefix + name);

    private int Size(string name, int dimension, int rank)
    {
        if (!Has(name))
            throw new CheckpointException(weights.Path, "the stack", $"a tensor {prefix}{name}", "none of that name", "The file is incomplete, or the blocks are of another kind.");
        TensorInfo info = weights.Info(prefix + name);
        if (info.Shape.Count != rank || info.Shape.Any(size => size is < 1 or > Largest))
            throw new CheckpointException(weights.Path, $"tensor {info.Name}", $"{rank} sizes from 1 to {Largest}", $"[{string.Join(", ", info.Shape)}]");
        return (int)info.Shape[dimension];
    }

    // "a.b.blocks.12" is of the stack "a.b."
    private static string? PrefixOf(ReadOnlySpan<char> name)
    {
        int point = name.LastIndexOf('.');
        if (point < 0 || name.Length - point > 6 || !int.TryParse(name[(point + 1)..], System.Globalization.NumberStyles.None, null, out _))
            return null;
        ReadOnlySpan<char> blocks = name[..(point + 1)];
        if (!blocks.EndsWith(Blocks, StringComparison.Ordinal))
            return null;
        ReadOnlySpan<char> prefix = blocks[..^Blocks.Length];
        return prefix.IsEmpty || prefix[^1] == '.' ? prefix.ToString() : null;
    }

    private static string Listed(IReadOnlyList<string> prefixes) =>
        prefixes.Count == 0 ? "no stack" : "stacks under " + Some(prefixes.Select(p => p.Length == 0 ? "\"\" (the top)" : $"\"{p}\""));

    private static string Some(IEnumerable<string> names)
    {
        string[] first = [.. names.Take(6)];
        return first.Length == 0 ? "nothing" : string.Join(", ", first.Take(5)) + (first.Length > 5 ? ", ..." : "");
    }
}
