using System.Text.Json;
using System.Text.Json.Serialization;

namespace XLstm.Benchmarks.Comparison;

/// <summary>Middle, least and largest of several rounds.</summary>
internal sealed record Figure(double Median, double Min, double Max)
{
    public static Figure Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return new Figure(sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, sorted[0], sorted[^1]);
    }
}

/// <summary>What is asked of a row.</summary>
/// <param name="Value">The bound.</param>
/// <param name="AtLeast">The value is at least the bound; at most, otherwise.</param>
/// <param name="OfRatio">The value is the ratio, which a row without its peer does not have; ours itself, otherwise.</param>
internal sealed record Target(double Value, bool AtLeast, bool OfRatio = true);

/// <summary>One line of the comparison.</summary>
/// <param name="Id">For example "training/package 2".</param>
/// <param name="Title">What was measured.</param>
/// <param name="Threads">Threads of both sides.</param>
/// <param name="Unit">Of ours and the peer's.</param>
/// <param name="Ours">Our rounds.</param>
/// <param name="Peer">Who or what we are compared with, with its version; null for nobody.</param>
/// <param name="Theirs">The peer's rounds, each next to one of ours.</param>
/// <param name="Ratio">Ours over theirs, round by round.</param>
/// <param name="Target">Or null: for information.</param>
/// <param name="Commit">Of this repository when it was measured.</param>
internal sealed record Row(
    string Id, string Title, int Threads, string Unit, Figure Ours, string? Peer, Figure? Theirs, Figure? Ratio, Target? Target, string Commit)
{
    [JsonIgnore]
    public string Group => Id.Split('/')[0];

    /// <summary>Null where nothing is asked, or the peer is missing.</summary>
    [JsonIgnore]
    public bool? Met => (Target is { OfRatio: false } ? Ours : Ratio) is not { Median: var value } || Target is null
        ? null
        : Target.AtLeast ? value >= Target.Value : value <= Target.Value;
}

/// <summary>The machine and its software.</summary>
internal sealed record Machine(string Cpu, int Cores, string Simd, string Os, string Runtime);

/// <summary>All rows of one machine: benchmarks/results/*.json.</summary>
internal sealed record Results(Machine Machine, IReadOnlyList<Row> Rows)
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true, NewLine = "\n", DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>The results in a file.</summary>
    /// <exception cref="InvalidDataException">It holds something else.</exception>
    public static Results Read(string file)
    {
        try
        {
            if (Parse(File.ReadAllText(file)) is { Machine: not null, Rows: not null } results)
                return results;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{file}: expected results as \"compare\" writes them: {e.Message}", e);
        }
        throw new InvalidDataException($"{file}: expected results as \"compare\" writes them, found no machine or no rows.");
    }

    public static Results Parse(string json) => JsonSerializer.Deserialize<Results>(json, s_json)!;

    public void Write(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        // After each row, for minutes: a kill in between leaves the rows of before.
        File.WriteAllText(file + ".new", JsonSerializer.Serialize(this, s_json) + "\n");
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>Rows measured again take the place of the older ones.</summary>
    public Results With(IReadOnlyCollection<Row> rows)
    {
        ILookup<string, Row> renewed = rows.ToLookup(r => r.Id, StringComparer.Ordinal);
        return this with
        {
            Rows = [.. Rows.Select(r => renewed[r.Id].FirstOrDefault(r)), .. rows.Where(r => Rows.All(old => !string.Equals(old.Id, r.Id, StringComparison.Ordinal)))],
        };
    }
}
