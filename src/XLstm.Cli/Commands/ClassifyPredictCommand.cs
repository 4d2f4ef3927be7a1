using System.CommandLine;
using XLstm.Classification;
using XLstm.Cli.Classification;
using XLstm.Cli.Forecasts;
using XLstm.Cli.Runs;

namespace XLstm.Cli.Commands;

/// <summary>xlstm classify predict: the classes, or numbers, of the series of a file.</summary>
internal sealed class ClassifyPredictCommand : DocumentedCommand
{
    private readonly Argument<string> _file = new("FILE") { Description = "Series: .ts, .tsv or .csv, read as by \"classify train\"." };
    private readonly Option<string> _model = new("--model") { HelpName = "DIR", Description = "What \"classify train\" wrote.", DefaultValueFactory = _ => "classifier" };
    private readonly Option<string?> _output = Commands.Options.Text("--output", "FILE", "Write all of it to a .csv or .json file.");
    private readonly Option<int> _threads = Commands.Options.Threads(0);
    private readonly SequenceFileOptions _reading = new();

    public ClassifyPredictCommand(Streams streams, CancellationToken cancellation)
        : base("predict", "Tell the classes of series, or numbers; where the file has labels, measure.", streams, cancellation)
    {
        Add(_file);
        foreach (Option option in new Option[] { _model, _output, _threads }.Concat(_reading.All))
            Add(option);
    }

    public override string Examples =>
        """
          xlstm classify predict GunPoint_TEST.ts
          xlstm classify predict new.csv --model classifier --output classes.csv
          xlstm classify predict day3.csv --window 100 --output activities.csv
        """;

    protected override int Execute(ParseResult parse)
    {
        string file = parse.GetRequiredValue(_file), model = parse.GetRequiredValue(_model);
        string? output = parse.GetValue(_output);
        OutputFile.Check("--output", output, ".csv", ".json");
        OutputFile.CheckApart("--output", output, file);
        bool classifier = SequenceModel.IsClassifier(model);
        SequenceData data = _reading.Read(parse, file, !classifier, Note, SequenceModel.Table(model));
        (IReadOnlyList<string> names, IReadOnlyList<(string? Label, IReadOnlyList<double> Values)> rows) = Predict(model, data, parse.GetValue(_threads), Streams, Cancellation);
        if (output is not null)
            PredictionFile.Write(output, data.Names, names, rows);
        else if (!CanMeasure(data, classifier))
            for (int i = 0; i < rows.Count; i++)
            {
                string line = (data.Names is null ? "" : SeriesText.Quoted(data.Names[i]) + ",") + (rows[i].Label ?? string.Join(',', rows[i].Values.Select(SeriesText.Number)));
                Streams.Out.WriteLine(Streams.OutIsTerminal ? TextSample.Printable(line) : line);
            }
        return ExitCode.Success;
    }

    /// <summary>Whether series have what a model tells: classes, or numbers.</summary>
    public static bool CanMeasure(SequenceData data, bool classifier) => classifier ? data.Labels is not null : Truth(data) is not null;

    /// <summary>What a model tells of series; what that is worth is written where it is known.</summary>
    public static (IReadOnlyList<string> Names, IReadOnlyList<(string? Label, IReadOnlyList<double> Values)> Rows) Predict(
        string model, SequenceData data, int threads, Streams streams, CancellationToken cancellation)
    {
        try
        {
            if (!SequenceModel.IsClassifier(model))
                return Regress(SequenceRegressor.Load(model), data, threads, streams, cancellation);
            SequenceClassifier classifier = SequenceClassifier.Load(model);
            IReadOnlyList<ClassPrediction> predictions = classifier.Predict(data.Series, threads, cancellation);
            if (data.Labels is { } labels)
            {
                int[] known = [.. Enumerable.Range(0, labels.Count).Where(data.HasLabel)];
                ScoreTable.Write(streams.Out, ClassificationScore.Of([.. known.Select(i => labels[i])], [.. known.Select(i => predictions[i].Label)]));
            }
            return (classifier.Classes, [.. predictions.Select(p => ((string?)p.Label, p.Probabilities))]);
        }
        catch (ArgumentException e)
        {
            throw new CommandError($"{model}: {Failure.Describe(e)}");
        }
    }

    private static (IReadOnlyList<string> Names, IReadOnlyList<(string? Label, IReadOnlyList<double> Values)> Rows) Regress(
        SequenceRegressor regressor, SequenceData data, int threads, Streams streams, CancellationToken cancellation)
    {
        IReadOnlyList<double[]> told = regressor.Predict(data.Series, threads, cancellation);
        if (Truth(data) is { } targets)
            ScoreTable.Write(streams.Out, RegressionScore.Of([.. targets.SelectMany(t => t)], [.. told.SelectMany(t => t)]));
        return ([.. Enumerable.Range(1, regressor.TargetCount).Select(k => regressor.TargetCount == 1 ? "value" : $"value {k}")], [.. told.Select(t => ((string?)null, (IReadOnlyList<double>)t))]);
    }

    // A file that says nothing of numbers may have them as its labels.
    private static IReadOnlyList<double[]>? Truth(SequenceData data) =>
        (data.Targets ?? Numbers(data.Labels)) is { } targets && targets.Any(t => t.Any(double.IsFinite)) ? targets : null;

    private static IReadOnlyList<double[]>? Numbers(IReadOnlyList<string>? labels) => labels is not null && labels.All(l => double.TryParse(l, System.Globalization.CultureInfo.InvariantCulture, out _))
        ? [.. labels.Select(l => new[] { double.Parse(l, System.Globalization.CultureInfo.InvariantCulture) })]
        : null;
}
