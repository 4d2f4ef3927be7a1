namespace XLstm;

/// <summary>The sizes of an xLSTM Large, from the tensors of its first block; 0 where there is none that tells.</summary>
internal sealed record LargeSizes(int Blocks, long Width, long Heads, long Keys, long Values, long FeedForward, long Vocabulary, string Embedding, bool Fused, string Query, bool OutNorm, bool Head)
{
    private const string Block = "backbone.blocks.";
    private const int MostBlocks = 1 << 12;

    /// <summary>C, n and m of every head of every block, in single precision.</summary>
    internal long StateBytes => Blocks * (Keys / Heads * (Values / Heads) + Keys / Heads + 1) * Heads * sizeof(float);

    internal static LargeSizes Of(string before, Dictionary<string, TensorInfo> tensors, bool hf, bool fused)
    {
        string at = before + Block + "0.", embedding = hf ? "backbone.embeddings.weight" : "embedding.weight";
        long Size(string name, int dimension) => tensors.TryGetValue(name, out TensorInfo? tensor) && tensor.Shape.Count == 2 && tensor.Shape[dimension] < int.MaxValue ? tensor.Shape[dimension] : 0;
        string query = tensors.ContainsKey(at + "mlstm_layer.query.weight") ? "query" : "q";
        long values = Size(at + "mlstm_layer.out_proj.weight", 1);
        return new(
            tensors.Keys.Where(n => n.StartsWith(before + Block, StringComparison.Ordinal)).Select(n => Index(n.AsSpan(before.Length + Block.Length))).DefaultIfEmpty(-1).Max() + 1,
            Size(at + "mlstm_layer.out_proj.weight", 0),
            fused ? Size(at + "mlstm_layer.ifgate_preact.weight", 0) / 2 : Size(at + "mlstm_layer.igate_preact.weight", 0),
            fused ? Math.Max(Size(at + "mlstm_layer.qkv_opreact.weight", 0) / 2 - values, 0) : Size(at + $"mlstm_layer.{query}.weight", 0),
            values, Size(at + "ffn.proj_down.weight", 1), Size(before + embedding, 0), embedding, fused, query,
            tensors.ContainsKey(before + "backbone.out_norm.weight"), tensors.ContainsKey(before + "lm_head.weight"));
    }

    /// <summary>Every tensor of such a model, without the biases of "use_bias".</summary>
    internal Dictionary<string, long[]> Expected(string before)
    {
        var expected = new Dictionary<string, long[]>(StringComparer.Ordinal) { [before + Embedding] = [Vocabulary, Width] };
        if (OutNorm)
            expected.Add(before + "backbone.out_norm.weight", [Width]);
        if (Head)
            expected.Add(before + "lm_head.weight", [Vocabulary, Width]);
        for (int i = 0; i < Blocks; i++)
        {
            string layer = $"{before}{Block}{i}.mlstm_layer.", block = $"{before}{Block}{i}.";
            expected.Add(block + "norm_mlstm.weight", [Width]);
            expected.Add(block + "norm_ffn.weight", [Width]);
            expected.Add(layer + "multihead_norm.weight", [Values]);
            expected.Add(layer + "out_proj.weight", [Width, Values]);
            expected.Add(block + "ffn.proj_down.weight", [Width, FeedForward]);
            foreach ((string name, long[] shape) in Fused ? FusedWeights() : SingleWeights())
                expected.Add((name.StartsWith("ffn.", StringComparison.Ordinal) ? block : layer) + name, shape);
        }
        return expected;
    }

    private (string Name, long[] Shape)[] FusedWeights() =>
    [
        ("qkv_opreact.weight", [2 * Keys + 2 * Values, Width]), ("ifgate_preact.weight", [2 * Heads, Width]), ("ifgate_preact.bias", [2 * Heads]), ("ffn.proj_up_gate_z.weight", [2 * FeedForward, Width]),
    ];

    private (string Name, long[] Shape)[] SingleWeights() =>
    [
        (Query + ".weight", [Keys, Width]), ((Query == "q" ? "k" : "key") + ".weight", [Keys, Width]), ((Query == "q" ? "v" : "value") + ".weight", [Values, Width]),
        ("ogate_preact.weight", [Values, Width]), ("igate_preact.weight", [Heads, Width]), ("fgate_preact.weight", [Heads, Width]), ("igate_preact.bias", [Heads]), ("fgate_preact.bias", [Heads]),
        ("ffn.proj_up_gate.weight", [FeedForward, Width]), ("ffn.proj_up.weight", [FeedForward, Width]),
    ];

    private static int Index(ReadOnlySpan<char> name)
    {
        int point = name.IndexOf('.');
        return point is > 0 and < 6 && int.TryParse(name[..point], System.Globalization.NumberStyles.None, null, out int index) && index < MostBlocks ? index : -1;
    }
}
