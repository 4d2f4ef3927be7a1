using System.CommandLine;
using System.Text.Json;
using XLstm.Cli.Benchmarking;
using XLstm.Kernels;

namespace XLstm.Cli.Commands;

/// <summary>xlstm bench: what this machine does.</summary>
internal sealed class BenchCommand : DocumentedCommand
{
    private const double FullSeconds = 0.9, QuickSeconds = 0.06;
    private const int FullMegabytes = 512, QuickMegabytes = 64;

    private readonly Option<bool> _quick = Commands.Options.Flag("--quick", "Seconds instead of half a minute, and less exact.");
    private readonly Option<string?> _json = Commands.Options.Text("--json", "FILE", "Also write the figures as JSON; - for standard output, where nothing else goes then.");

    public BenchCommand(Streams streams, CancellationToken cancellation)
        : base("bench", "Measure what this machine does: products, memory, cells, training, generation.", streams, cancellation)
    {
        Add(_quick);
        Add(_json);
    }

    public override string Examples =>
        """
          xlstm bench                          a table, in half a minute
          xlstm bench --json speed.json        and the figures, to compare machines
          xlstm bench --quick --json -         for a script
        """;

    public override string Notes =>
        """
          Each figure is the median over about a second; other work on the machine shows in it. The model is
          the example of the paper's package: vocabulary 256, width 128, 7 blocks, 8 rows of 256 tokens.
          Products and memory bound the rest: training by the one, generating with large models by the other.
        """;

    protected override int Execute(ParseResult parse)
    {
        bool quick = parse.GetValue(_quick);
        string? file = parse.GetValue(_json);
        // Half a minute is long for a typing error.
        if (file is not "-")
            OutputFile.Check(_json.Name, file);
        bool onlyJson = file is "-";
        TextWriter output = onlyJson ? Streams.Error : Streams.Out;
        int[] threads = Environment.ProcessorCount > 1 ? [1, Environment.ProcessorCount] : [1];
        output.WriteLine($"{Processor.Name}, {Environment.ProcessorCount} cores, {Simd.Description}, .NET {Environment.Version}");

        var rows = new List<(Subject Subject, IReadOnlyList<double> Values)>();
        IReadOnlyList<Subject> subjects = Subject.All(quick ? QuickMegabytes : FullMegabytes);
        new SpeedTable(output, Streams.OutIsTerminal && !onlyJson, threads).Show((add, next) =>
        {
            foreach (Subject subject in subjects)
            {
                next($"measuring: {subject.Title} ({rows.Count + 1} of {subjects.Count})");
                double[] values = [.. threads.Select(count => subject.Measure(count, quick ? QuickSeconds : FullSeconds, Cancellation))];
                rows.Add((subject, values));
                add(subject, values);
            }
        });
        if (onlyJson)
            Streams.Out.WriteLine(Json(threads, rows));
        else if (file is not null)
            AtomicFile.Write(file, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(Json(threads, rows) + "\n")));
        return ExitCode.Success;
    }

    private static string Json(int[] threads, List<(Subject Subject, IReadOnlyList<double> Values)> rows)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("cpu", Processor.Name);
            json.WriteNumber("cores", Environment.ProcessorCount);
            json.WriteString("simd", Simd.Description);
            json.WriteString("runtime", $".NET {Environment.Version}");
            json.WriteString("version", typeof(BenchCommand).Assembly.GetName().Version!.ToString(3));
            json.WriteStartArray("results");
            foreach ((Subject subject, IReadOnlyList<double> values) in rows)
                for (int i = 0; i < threads.Length; i++)
                {
                    json.WriteStartObject();
                    json.WriteString("name", subject.Key);
                    json.WriteString("title", subject.Title);
                    json.WriteNumber("threads", threads[i]);
                    json.WriteNumber("value", Math.Round(values[i], 3));
                    json.WriteString("unit", subject.Unit);
                    json.WriteEndObject();
                }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
