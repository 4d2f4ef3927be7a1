using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using XLstm.Cli.Forecasts;
using XLstm.Cli.Plotting;
using XLstm.Cli.Runs;
using XLstm.Training;

namespace XLstm.Cli.Commands;

/// <summary>xlstm evaluate: how well a model predicts a text.</summary>
internal sealed class EvaluateCommand : DocumentedCommand
{
    private const int ChartHeight = 10;

    private readonly Argument<string> _file = new("TEXT") { Description = "A file of UTF-8 text." };
    private readonly Option<string?> _model = Commands.Options.Text("--model", "DIR", $"{Commands.Options.ModelDescription} [default: {ModelDirectory.Default}, or where there is none the sample model that comes with xlstm]");
    private readonly Option<int> _context = Commands.Options.Number("--context", "N", "Cut the text into sequences of N tokens, each read from its own start; 0 reads it from start to end.", 0, 0);
    private readonly Option<long> _most = Commands.Options.Number("--most-tokens", "N", "Only the start of the text, up to here; 0 for all.", 0L, 0L);
    private readonly Option<string?> _plot = Commands.Options.Text("--plot", "FILE", "Draw the curve to an .svg or .png file.");
    private readonly Option<bool> _json = Commands.Options.Flag("--json", "Write the numbers as JSON instead.");
    private readonly Option<string?> _tokenizer = Commands.Options.Text("--tokenizer", "bytes|FILE", "Instead of the model's own tokenizer.json.");
    private readonly Option<int> _threads = Commands.Options.Threads(0);

    public EvaluateCommand(Streams streams, CancellationToken cancellation)
        : base("evaluate", "Measure how well a model predicts a text: perplexity, bits per byte, and both by what it has read before.", streams, cancellation)
    {
        Add(_file);
        Option[] options = [_model, _context, _most, _plot, _json, _tokenizer, _threads];
        foreach (Option option in options)
            Add(option);
    }

    public override string Examples =>
        """
          xlstm evaluate book.txt                           the whole book, from start to end
          xlstm evaluate book.txt --context 8192            in sequences, so that the curve is a mean over many
          xlstm evaluate book.txt --plot curve.svg --json > numbers.json
        """;

    public override string Notes =>
        """
          Perplexities compare models of one tokenizer; bits per byte compare all. The curve shows what a longer
          past is worth: the mean loss of tokens that have so many before them.
        """;

    protected override int Execute(ParseResult parse)
    {
        string file = parse.GetRequiredValue(_file), directory = parse.GetValue(_model) ?? ModelDirectory.DefaultOrSample(Note);
        string? plot = parse.GetValue(_plot);
        OutputFile.Check("--plot", plot, ".svg", ".png");
        TextModel model = ModelDirectory.LoadText(directory, parse.GetValue(_tokenizer), Note);
        using TokenSource tokens = TokenSource.Open(file, model.Tokenizer);
        using var pass = new Pass(new PassOptions(Threads: parse.GetValue(_threads))) { Cancellation = Cancellation };
        using var progress = new WorkProgress(Streams, "evaluation");
        long most = parse.GetValue(_most);
        TextScore score = Evaluation.Text(model, tokens, pass, parse.GetValue(_context), most == 0 ? long.MaxValue : most, progress);
        progress.Dispose();
        if (parse.GetValue(_json))
            WriteJson(file, score);
        else
            WriteReport(file, score);
        if (plot is not null)
            CurvePlot.Save(score, $"{Path.GetFileName(directory.TrimEnd('/', '\\'))} on {Path.GetFileName(file)}", plot);
        return ExitCode.Success;
    }

    private void WriteReport(string file, TextScore score)
    {
        var report = new Report(Streams.Out);
        report.Title(file);
        report.Line("Tokens", $"{Report.Count(score.Tokens)}, {Report.Count(score.Bytes)} bytes");
        report.Line("Loss", FormattableString.Invariant($"{score.NatsPerToken:F4} nats per token"));
        report.Line("Perplexity", FormattableString.Invariant($"{score.Perplexity:F3} per token"));
        report.Line("Bits per byte", score.BitsPerByte.ToString("F4", CultureInfo.InvariantCulture));
        Streams.Out.WriteLine();
        Streams.Out.WriteLine("  tokens before      predicted   nats per token");
        foreach (PositionScore position in score.ByPosition)
            Streams.Out.WriteLine(FormattableString.Invariant($"  {Report.Count(position.From),10} to {Report.Count(position.To - 1),-10}{Report.Count(position.Tokens),7}{position.NatsPerToken,17:F4}"));
        if (score.ByPosition.Count < 3)
            return;
        Streams.Out.WriteLine();
        var line = new TerminalLine([.. score.ByPosition.Select((p, i) => ((double)i, p.NatsPerToken))], '*');
        var picture = new TerminalPicture([line], "0", Report.Count(score.ByPosition[^1].From), "nats per token by tokens before, doubling");
        foreach (string row in TerminalPlot.Draw(picture, Streams.Width, ChartHeight, braille: Streams.OutIsTerminal))
            Streams.Out.WriteLine(row);
    }

    private void WriteJson(string file, TextScore score)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new() { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("text", file);
            json.WriteNumber("tokens", score.Tokens);
            json.WriteNumber("bytes", score.Bytes);
            json.WriteNumber("nats_per_token", score.NatsPerToken);
            json.WriteNumber("perplexity", score.Perplexity);
            json.WriteNumber("bits_per_byte", score.BitsPerByte);
            json.WriteStartArray("by_position");
            foreach (PositionScore position in score.ByPosition)
            {
                json.WriteStartObject();
                json.WriteNumber("from", position.From);
                json.WriteNumber("to", position.To);
                json.WriteNumber("tokens", position.Tokens);
                json.WriteNumber("nats_per_token", position.NatsPerToken);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        Streams.Out.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.ToArray()));
    }
}
