using System.Buffers.Binary;
using System.Runtime.InteropServices;
using XLstm.Kernels;

namespace XLstm;

/// <summary>
/// A language model: token embedding, stack, head. Immutable and thread-safe while nobody trains it; a
/// <see cref="Session"/> holds what one text needs.
/// </summary>
public sealed class XLstmLanguageModel
{
    private const string HeadName = "lm_head";

    private readonly float _logitCap, _embeddingDropout;

    /// <summary>A new model with parameters drawn from <paramref name="seed"/>.</summary>
    public XLstmLanguageModel(ILanguageModelConfig config, ulong seed = 0) : this(config, new ParameterSet(seed))
    {
    }

    /// <summary>A model over the parameters of <paramref name="parameters"/>, named as the Python packages name them.</summary>
    /// <exception cref="ArgumentException">The config cannot be built; the message names key, value and what is expected.</exception>
    /// <exception cref="CheckpointException">The parameters come from a checkpoint that has not the tensors of this config.</exception>
    public XLstmLanguageModel(ILanguageModelConfig config, ParameterSet parameters)
    {
        config.Validate();
        (Config, Parameters) = (config, parameters);
        ParameterScope root = parameters.Root;
        switch (config)
        {
            case XLstmLanguageModelConfig paper:
                Stack = new XLstmStack(root.At("xlstm_block_stack"), paper);
                Embedding = new TokenEmbedding(root.At("token_embedding"), config.VocabSize, config.EmbeddingDim);
                if (Embedding.Matrix is null)
                    Embedding.Weight.Decays = paper.WeightDecayOnEmbedding;
                IsTied = paper.TieWeights;
                _embeddingDropout = paper.AddEmbeddingDropout ? paper.Dropout : 0;
                break;
            case XLstmLargeConfig large:
                ParameterScope backbone = root.At("backbone");
                // The authors' own files have it beside the backbone, those of transformers inside.
                Embedding = new TokenEmbedding(
                    root.At("embedding").StoredShape("weight") is null ? backbone.At("embeddings") : root.At("embedding"), config.VocabSize, config.EmbeddingDim);
                if (Embedding.Matrix is null)
                    Embedding.Weight.Decays = false;
                Stack = new BlockSequence(
                    [.. Enumerable.Range(0, config.NumBlocks).Select(i => new XLstmLargeBlock(backbone.At($"blocks.{i}"), large))],
                    large.AddOutNorm ? new Norm(backbone.At("out_norm"), config.EmbeddingDim, NormKind.Rms, epsilon: (float)large.NormEps, bias: large.UseBias, onePlusWeight: false) : null);
                IsTied = large.TieWordEmbeddings;
                _logitCap = (float)large.OutputLogitSoftCap;
                break;
            default:
                throw new ArgumentException($"{config.GetType().Name} is no architecture of this library.", nameof(config));
        }
        Head = IsTied ? new Linear(Embedding) : new Linear(root.At(HeadName), config.EmbeddingDim, config.VocabSize, bias: false);
    }

    /// <summary>The architecture.</summary>
    public ILanguageModelConfig Config { get; }

    /// <summary>Tokens that the model knows.</summary>
    public int VocabSize => Config.VocabSize;

    /// <summary>All parameters, by the names they have in files.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>Tokens to vectors.</summary>
    public TokenEmbedding Embedding { get; }

    /// <summary>The blocks.</summary>
    public BlockSequence Stack { get; }

    /// <summary>Vectors to logits, before a cap; with the embedding's own weight where the two are tied.</summary>
    public Linear Head { get; }

    private bool IsTied { get; }

    /// <summary>
    /// Reads a model directory: config.json (or .yaml) in our dialect or the Python package's, and model.safetensors. Or one file of weights, such as the <c>.pt</c> of the
    /// package's users, whose tensors tell the architecture as <see cref="XLstmStackModel.Load"/> has it.
    /// </summary>
    /// <exception cref="CheckpointException">A file is missing, damaged, or does not fit the other.</exception>
    public static XLstmLanguageModel Load(string path) => Open(path, forInference: false);

    /// <summary>
    /// As <see cref="Load"/>, with the matrices as they are stored, mapped from the file where they can be: starts at once, shares memory
    /// with other processes, and cannot be trained. The file must not be changed meanwhile.
    /// </summary>
    /// <exception cref="CheckpointException">A file is missing, damaged, or does not fit the other.</exception>
    public static XLstmLanguageModel LoadForInference(string path) => Open(path, forInference: true);

    private static XLstmLanguageModel Open(string path, bool forInference)
    {
        if (File.Exists(path))
            return OpenFile(path, forInference);
        // Weights of the paper's blocks tell their sizes.
        if (!ModelConfigReader.IsIn(path) && Path.Combine(path, "model.safetensors") is var alone && File.Exists(alone) && HasStack(alone))
            return OpenFile(alone, forInference);
        ILanguageModelConfig config = ModelConfigReader.ReadLanguageModel(path);
        using ModelWeights stored = ModelWeights.Open(path);
        // Wrappers such as DataParallel put their names before all others.
        if (config is not XLstmStackConfig || StackTensors.Prefixes(stored.Tensors.Select(t => t.Name)) is not [var only] || new StackTensors(stored, only).Parent is not { Length: > 0 } parent)
            return Build(stored, config, forInference);
        using ModelWeights weights = ModelWeights.Open(path, parent);
        return Build(weights, config, forInference);
    }

    private static bool HasStack(string file)
    {
        using ModelWeights weights = ModelWeights.Open(file);
        return StackTensors.Prefixes(weights.Tensors.Select(t => t.Name)).Any();
    }

    private static XLstmLanguageModel OpenFile(string path, bool forInference)
    {
        string parent;
        XLstmLanguageModelConfig config;
        using (ModelWeights all = ModelWeights.Open(path, under: ""))
        {
            var tensors = StackTensors.Find(all, prefix: null);
            (parent, config) = (tensors.Parent, tensors.LanguageModel(TrainerConfig.Find(path)));
        }
        using ModelWeights weights = ModelWeights.Open(path, parent, under: ModelWeights.IsTorch(path) ? parent.TrimEnd('.') : null);
        return Build(weights, config, forInference);
    }

    internal static XLstmLanguageModel Build(ModelWeights weights, ILanguageModelConfig config, bool forInference = false)
    {
        var model = new XLstmLanguageModel(config, forInference ? ParameterSet.OpenForInference(weights) : new ParameterSet(weights));
        IReadOnlyList<string> unexpected = model.Parameters.Unexpected($"{HeadName}.weight");
        if (unexpected.Count > 0)
            throw new CheckpointException(
                weights.Path, $"tensor {unexpected[0]}", "only tensors of the model in the config",
                unexpected.Count == 1 ? "one more" : $"{unexpected.Count} more", "The weights belong to another model.");
        return model;
    }

    /// <summary>Writes config.json and model.safetensors, each in one step: a reader sees the old file or the new one.</summary>
    public void Save(string directory)
    {
        Directory.CreateDirectory(directory);
        SaveWeights(Path.Combine(directory, "model.safetensors"));
        ModelConfigWriter.Write(directory, Config);
    }

    internal void SaveWeights(string path)
    {
        List<TensorToWrite> tensors = [.. Parameters.Select(p => ToWrite(p.Name, p))];
        if (IsTied) // the reference stores a tied head, too
            tensors.Add(ToWrite($"{HeadName}.weight", Head.Weight));
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" });
    }

    private static TensorToWrite ToWrite(string name, Tensor tensor) => TensorToWrite.FromFloats(
        name, [.. Enumerable.Range(0, tensor.Shape.Rank).Select(i => (long)tensor.Shape[i])], tensor.Span.ToArray());

    /// <summary>Logits [B, T, V] of <paramref name="batch"/> rows of tokens, one row after the other, and the state after each row's last step.</summary>
    /// <param name="tokens">batch * T tokens.</param>
    /// <param name="batch">B.</param>
    /// <param name="state">State before the tokens, or null.</param>
    /// <param name="pass">Memory, threads, tape.</param>
    /// <param name="lengths">Tokens of each row, for rows padded on the right; null for T. Logits beyond mean nothing: label them -1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A token is not in the vocabulary.</exception>
    public (Tensor Logits, StackState State) Forward(int[] tokens, int batch, StackState? state, Pass pass, int[]? lengths = null)
    {
        (Tensor hidden, StackState next) = Hidden(tokens, batch, state, pass, lengths);
        return (Logits(hidden, pass), next);
    }

    /// <summary>Of what <see cref="Hidden"/> gives, or of some of its rows: [..., D] to [..., V].</summary>
    public Tensor Logits(Tensor hidden, Pass pass)
    {
        Tensor logits = Head.Forward(hidden, pass);
        return _logitCap > 0 && float.IsFinite(_logitCap) ? Ops.SoftCap(pass, logits, _logitCap) : logits;
    }

    /// <summary>As <see cref="Forward"/> without the head: [B, T, D].</summary>
    public (Tensor Hidden, StackState State) Hidden(int[] tokens, int batch, StackState? state, Pass pass, int[]? lengths = null) =>
        Read(tokens, batch, state, pass, lengths, null);

    /// <summary>After the last token of each row only: [B, D].</summary>
    internal (Tensor Hidden, StackState State) LastHidden(int[] tokens, int batch, StackState? state, Pass pass, int[]? lengths = null) =>
        Read(tokens, batch, state, pass, lengths, x => Ops.Last(pass, x, lengths));

    private (Tensor Hidden, StackState State) Read(int[] tokens, int batch, StackState? state, Pass pass, int[]? lengths, Func<Tensor, Tensor>? pick)
    {
        Tensor x = Embedding.Forward(tokens, batch, pass);
        return Stack.Forward(Ops.Dropout(pass, x, _embeddingDropout), state, pass, lengths, pick);
    }

    // Names, shapes and a sample of the weights: enough to tell models, and trainings of one model, apart. Weights in single precision are
    // the same model whether they were read or mapped.
    internal string Fingerprint()
    {
        ulong hash = 0;
        foreach ((string name, Parameter? parameter, WeightMatrix? matrix) in Parameters.Select(p => (p.Name, (Parameter?)p, (WeightMatrix?)null))
            .Concat(Parameters.Matrices.Select(m => (m.Name, (Parameter?)null, (WeightMatrix?)m))).OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            hash = RandomSource.SeedFor(hash, parameter?.ToString() ?? (matrix!.Format == WeightFormat.F32 ? $"{name} [{matrix.Outputs}, {matrix.Inputs}]" : matrix.ToString()));
            ReadOnlySpan<byte> bytes = parameter is null ? matrix!.Bytes : MemoryMarshal.AsBytes(parameter.Span);
            int words = bytes.Length / sizeof(uint), step = Math.Max(1, words / 64);
            for (int i = 0; i < words; i += step)
                hash = new RandomSource(hash ^ BinaryPrimitives.ReadUInt32LittleEndian(bytes[(i * sizeof(uint))..])).NextBits();
        }
        return hash.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>A new session at the start of a text.</summary>
    /// <param name="threads">
    /// Threads to use, 0 for one per processor; results do not depend on it. They start when there is work worth sharing: a
    /// small model never needs a second one for a token.
    /// </param>
    public Session CreateSession(int threads = 0) => new(this, threads);
}
