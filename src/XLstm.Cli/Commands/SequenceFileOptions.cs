using System.CommandLine;
using XLstm.Classification;

namespace XLstm.Cli.Commands;

/// <summary>The options that tell how a file of series with labels is to be read.</summary>
internal sealed class SequenceFileOptions
{
    private readonly Option<string?> _label = Options.Text("--label", "NAME", "Of a .csv: the column of labels. [default: label, class, target or y]");
    private readonly Option<string?> _id = Options.Text("--id", "NAME", "Of a .csv with one step a row: the column that tells series apart. [default: id, series or case]");
    private readonly Option<string?> _time = Options.Text("--time", "NAME", "Of a .csv with one step a row: a column of times, by which steps are sorted. [default: time, date, timestamp or step]");
    private readonly Option<bool> _regression = Options.Flag("--regression", "Labels are numbers to be told, no classes; a .ts file says so by itself.");

    public IEnumerable<Option> All => [_label, _id, _time, _regression];

    public SequenceData Read(ParseResult parse, string file, bool regression, Action<string> note)
    {
        if (Directory.Exists(file))
            throw new CommandError($"{file}: expected a file of series, found a directory.");
        if (!File.Exists(file))
            throw new CommandError($"{file}: there is no such file.");
        SequenceData data = SequenceReader.Read(file, new SequenceTableOptions
        {
            Label = parse.GetValue(_label), Id = parse.GetValue(_id), Time = parse.GetValue(_time), Regression = regression || parse.GetValue(_regression),
        });
        foreach (string found in data.Notes)
            note(found);
        int least = data.Series.Min(s => s.Length), most = data.Series.Max(s => s.Length), channels = data.Series[0].ChannelCount;
        note($"{file}: {Report.Count(data.Series.Count)} series of {(least == most ? "" : $"{Report.Count(least)} to ")}{Report.Count(most)} steps, {channels} {(channels == 1 ? "channel" : "channels")}"
            + (data.Labels is not null ? $", {data.Classes.Count} {(data.Classes.Count == 1 ? "class" : "classes")}" : data.Targets is not null ? ", a number to be told" : ", without labels"));
        return data;
    }
}
