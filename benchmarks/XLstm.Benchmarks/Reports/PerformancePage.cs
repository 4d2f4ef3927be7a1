using System.Globalization;
using XLstm.Benchmarks.Comparison;

namespace XLstm.Benchmarks.Reports;

/// <summary>The parts of docs/performance.md that are made from results, each between two markers.</summary>
internal static class PerformancePage
{
    private const string ByKind = "By the kind of work that the threads share out, as the types are called that cut it; ratios are shares of the whole.";

    private static readonly (string Group, string Title, string Words)[] s_groups =
    [
        ("products", "Matrix products", "Beside OpenBLAS `sgemm`. a' and b' are read transposed. \"64 times\" are small products that are shared out among the threads, on both sides."),
        ("slstm", "sLSTM", "The layer with its convolution, gates and norm, beside `nn.LSTM` of the same batch, length and width."),
        ("mlstm", "mLSTM", "The chunkwise form beside causal `scaled_dot_product_attention` of the same shape."),
        ("training", "Training", "The example of the paper's own package, 0.83 M parameters, beside that package and beside its floor: the ratio says how many times the floor a step takes."),
        ("step", "Where a training step's time goes", ByKind),
        ("prefill", "Reading a prompt", "Beside the floor of the same model."),
        ("generation", "Generation", "One stream. What must be read for a token is every weight but the embedding; beside it stands how fast the machine reads memory."),
        ("quantized", "Weights in few bits", "A row at a time beside how fast the machine reads memory; many rows beside our own product of floats."),
        ("large", "xLSTM Large", "Published shapes with random weights. Bytes of a token are the weights it is multiplied by, its states read and its states written. 7B: 4096 wide, 32 blocks; 164M: 768 wide, 12 blocks. Beside llama.cpp: 2048 wide, 19 blocks, as many bytes of weights as a Llama of the shape of TinyLlama has in Q4_0."),
        ("largetoken", "Where a token's time goes, 7B in 4 bits", ByKind),
        ("largeprompt", "Where a prompt's time goes, 7B in 4 bits", ByKind),
        ("smalltoken", "Where a token's time goes, 164M in 8 bits", ByKind),
        ("smallprompt", "Where a prompt's time goes, 164M in 8 bits", ByKind),
        ("forecasting", "Forecasting", "One call of a TiRex-sized model with random weights, beside the reference's own package."),
        ("memory", "Memory of a training step", "What the pass holds for one sequence, tape and gradients included."),
        ("time per token", "Time per token", "The figures of the plot."),
    ];

    /// <summary>The page with its parts renewed.</summary>
    /// <exception cref="InvalidDataException">The page lacks a marker.</exception>
    public static string Renew(string page, IReadOnlyList<Results> all) =>
        Replace(Replace(page, "summary", Summary(all)), "tables", Tables(all));

    private static IEnumerable<string> Summary(IReadOnlyList<Results> all)
    {
        foreach (Results results in all)
        {
            Row[] asked = [.. results.Rows.Where(r => r.Met is not null)];
            yield return $"- {results.Machine.Cpu}, {results.Machine.Cores} cores, {results.Machine.Simd}: {asked.Count(r => r.Met == true)} of {asked.Length} targets met"
                + $" (commit {string.Join(", ", results.Rows.Select(r => r.Commit).Distinct(StringComparer.Ordinal))}).";
        }
    }

    private static IEnumerable<string> Tables(IReadOnlyList<Results> all)
    {
        foreach (Results results in all)
        {
            yield return $"## {results.Machine.Cpu}, {results.Machine.Cores} cores";
            yield return "";
            yield return $"{results.Machine.Simd}, {results.Machine.Os}, {results.Machine.Runtime}.";
            foreach ((string group, string title, string words) in s_groups)
            {
                Row[] rows = [.. results.Rows.Where(r => string.Equals(r.Group, group, StringComparison.Ordinal))];
                if (rows.Length == 0)
                    continue;
                yield return "";
                yield return $"### {title}";
                yield return "";
                yield return words;
                yield return "";
                foreach (string line in RowTable.Markdown(rows))
                    yield return line;
            }
            if (all.Count > 1 && results != all[^1])
                yield return "";
        }
    }

    private static string Replace(string page, string name, IEnumerable<string> lines)
    {
        string begin = $"<!-- begin {name} -->\n", end = $"<!-- end {name} -->";
        int from = page.IndexOf(begin, StringComparison.Ordinal), to = page.IndexOf(end, StringComparison.Ordinal);
        if (from < 0 || to < from)
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"The page has no \"{begin.Trim()}\" before an \"{end}\"."));
        return page[..(from + begin.Length)] + string.Concat(lines.Select(l => l + "\n")) + page[to..];
    }
}
