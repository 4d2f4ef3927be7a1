using System.Diagnostics;
using System.Text;

namespace XLstm.Benchmarks.Comparison;

/// <summary>
/// llama.cpp, as npm's node-llama-cpp ships it, on a Llama of the shape of TinyLlama (1.1 G weights, Q4_0, 620 MB) with random weights: 22
/// blocks, width 2048, feed-forward 5632, 32 heads, 4 of keys and values.
/// </summary>
/// <param name="folder">With node-llama-cpp in its node_modules; null for no peer.</param>
internal sealed class LlamaPeer(string? folder) : IDisposable
{
    private readonly Dictionary<int, PeerProcess?> _running = [];
    private readonly string _model = Path.Combine(Path.GetTempPath(), "xlstm-peer-llama-1b-q4_0.gguf");
    private readonly string _script = Path.Combine(Path.GetTempPath(), $"xlstm-llama-peer-{Environment.ProcessId}.mjs");
    private string? _version;

    /// <summary>Bytes of weights that a token needs: all but the embedding, of which it reads one row.</summary>
    public const long BytesPerToken = 22 * LayerWeights / 32 * 18 + 32000L * 2048 / 32 * 18;

    /// <summary>The longest context of which llama.cpp reads every token, in minutes; of a longer one it reads the beginning and repeats its keys and values.</summary>
    private const int LongestRead = 16384;

    private const int Repeated = 2048;

    private const long LayerWeights = (2 * 2048L * 2048) + (2 * 256L * 2048) + (3 * 5632L * 2048);

    /// <summary>Tokens a second of a prompt, or nothing without the peer.</summary>
    public List<(string Name, Side Run)> Prefill(int tokens, int threads) =>
        Sides(threads, process => _ => tokens / Median(process, new { @case = "prefill", tokens }));

    /// <summary>Tokens a second after a context, or nothing without the peer.</summary>
    public List<(string Name, Side Run)> Decode(int context, int threads, int tokens = 12) =>
        Sides(threads, process => _ => 1 / Median(process, new { @case = "decode", context, read = context > LongestRead ? Repeated : context, tokens }));

    public void Dispose()
    {
        foreach (PeerProcess? process in _running.Values)
            process?.Dispose();
        File.Delete(_script);
    }

    private static double Median(PeerProcess process, object request) =>
        Figure.Of(process.Ask(request).GetProperty("seconds").EnumerateArray().Select(s => s.GetDouble())).Median;

    private List<(string Name, Side Run)> Sides(int threads, Func<PeerProcess, Side> side) =>
        Start(threads) is { } process ? [($"llama.cpp (node-llama-cpp {_version}), 1.1 G Q4_0", side(process))] : [];

    private PeerProcess? Start(int threads)
    {
        if (folder is null)
            return null;
        if (_running.TryGetValue(threads, out PeerProcess? process))
            return process;
        if (!File.Exists(_model))
            WriteModel(_model);
        File.WriteAllText(_script, PeerProcess.Script("llama_peer.mjs"));
        process = PeerProcess.Start(new ProcessStartInfo("node", [_script, Path.GetFullPath(folder), _model, $"{threads}"]));
        _version = process?.Ask(new { @case = "about" }).GetProperty("llama").GetString();
        _running.Add(threads, process);
        return process;
    }

    // GGUF: header, keys, list of tensors, then their bytes at multiples of 32.
    private static void WriteModel(string path)
    {
        const int D = 2048, F = 5632, keys = 256, V = 32000, blocks = 22;
        List<(string Name, long[] Shape, bool Quantized)> tensors = [("token_embd.weight", [D, V], true), ("output_norm.weight", [D], false), ("output.weight", [D, V], true)];
        for (int i = 0; i < blocks; i++)
        {
            string at = $"blk.{i}.";
            tensors.AddRange([
                (at + "attn_norm.weight", [D], false), (at + "attn_q.weight", [D, D], true), (at + "attn_k.weight", [D, keys], true), (at + "attn_v.weight", [D, keys], true),
                (at + "attn_output.weight", [D, D], true), (at + "ffn_norm.weight", [D], false), (at + "ffn_gate.weight", [D, F], true), (at + "ffn_up.weight", [D, F], true), (at + "ffn_down.weight", [F, D], true),
            ]);
        }
        using FileStream stream = File.Create(path + ".new");
        using var writer = new BinaryWriter(stream);
        (string Key, object Value)[] values =
        [
            ("general.architecture", "llama"), ("general.name", "random"), ("general.file_type", 2u), ("general.quantization_version", 2u),
            ("llama.context_length", 131072u), ("llama.embedding_length", (uint)D), ("llama.block_count", (uint)blocks), ("llama.feed_forward_length", (uint)F),
            ("llama.attention.head_count", 32u), ("llama.attention.head_count_kv", 4u), ("llama.attention.layer_norm_rms_epsilon", 1e-5f),
            ("llama.rope.dimension_count", 64u), ("llama.vocab_size", (uint)V), ("tokenizer.ggml.model", "llama"),
            ("tokenizer.ggml.tokens", (string[])["<unk>", "<s>", "</s>", .. Enumerable.Range(0, 256).Select(b => $"<0x{b:X2}>"), .. Enumerable.Range(259, V - 259).Select(t => $"t{t}")]),
            ("tokenizer.ggml.scores", new float[V]), ("tokenizer.ggml.token_type", (int[])[2, 3, 3, .. Enumerable.Repeat(6, 256), .. Enumerable.Repeat(1, V - 259)]),
            ("tokenizer.ggml.bos_token_id", 1u), ("tokenizer.ggml.eos_token_id", 2u), ("tokenizer.ggml.unknown_token_id", 0u),
        ];
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)values.Length);
        foreach ((string key, object value) in values)
        {
            Text(key);
            Value(value);
        }
        ulong offset = 0;
        foreach ((string name, long[] shape, bool quantized) in tensors)
        {
            Text(name);
            writer.Write(shape.Length);
            foreach (long size in shape)
                writer.Write(size);
            writer.Write(quantized ? 2u : 0u);
            writer.Write(offset);
            offset += (ulong)((Bytes(shape, quantized) + 31) / 32 * 32);
        }
        Align();
        // Blocks of a scale and 32 codes: the values do not matter, so long as they stay small.
        var block = new byte[18 * 4096];
        new Random(1).NextBytes(block);
        for (int i = 0; i < block.Length; i += 18)
            BitConverter.TryWriteBytes(block.AsSpan(i), (Half)0.005f);
        foreach ((_, long[] shape, bool quantized) in tensors)
        {
            for (long left = Bytes(shape, quantized); quantized && left > 0; left -= block.Length)
                writer.Write(block, 0, (int)Math.Min(left, block.Length));
            for (long i = 0; !quantized && i < shape[0]; i++)
                writer.Write(1f);
            Align();
        }
        writer.Close();
        File.Move(path + ".new", path, overwrite: true);

        static long Bytes(long[] shape, bool quantized) => shape.Aggregate(1L, (product, size) => product * size) * (quantized ? 18 : 128) / 32;

        void Align() => writer.Write(new byte[-stream.Position & 31]);

        void Text(string text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            writer.Write((ulong)bytes.Length);
            writer.Write(bytes);
        }

        void Value(object value)
        {
            switch (value)
            {
                case uint number: writer.Write(4u); writer.Write(number); break;
                case float number: writer.Write(6u); writer.Write(number); break;
                case string text: writer.Write(8u); Text(text); break;
                case string[] texts: Array(8, texts, Text); break;
                case float[] numbers: Array(6, numbers, writer.Write); break;
                case int[] numbers: Array(5, numbers, writer.Write); break;
            }
        }

        void Array<T>(uint type, T[] items, Action<T> write)
        {
            writer.Write(9u);
            writer.Write(type);
            writer.Write((ulong)items.Length);
            foreach (T item in items)
                write(item);
        }
    }
}
