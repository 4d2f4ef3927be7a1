using System.CommandLine;
using XLstm.Classification;

namespace XLstm.Cli.Commands;

/// <summary>The options that tell how a file of series with labels is to be read.</summary>
internal sealed class SequenceFileOptions
{
    private readonly Option<string?> _label = Options.Text("--label", "NAME", "Of a .csv: the column of labels. [default: label, class, target, or y where there is no z]");
    private readonly Option<string?> _id = Options.Text("--id", "NAME", "Of a .csv with one step a row: the column that tells series apart. [default: id, series or case]");
    private readonly Option<string?> _time = Options.Text("--time", "NAME", "Of a .csv with one step a row: a column of times, by which steps are sorted; \"\" for none. [default: time, date, timestamp or step]");
    private readonly Option<string[]> _channels = new("--channels") { HelpName = "NAME", Description = "Of a .csv: the columns of the channels, in this order; others are left out. [default: all that mean nothing else]", AllowMultipleArgumentsPerToken = true };
    private readonly Option<bool> _regression = Options.Flag("--regression", "Labels are numbers to be told, no classes; a .ts file says so by itself.");

    private readonly Option<int?> _window = Options.OptionalNumber("--window", "N", "Of a .csv with one step a row, and labels that may change: cut windows of so many steps, each a series with the label of most of its steps.", 1);
    private readonly Option<int?> _every = Options.OptionalNumber("--every", "N", "Steps from the beginning of a window to that of the next. [default: those of --window]", 1);

    public IEnumerable<Option> All => [_label, _id, _time, _channels, _regression, _window, _every];

    /// <summary>Reads a file; what is not said of it is as in the file that <paramref name="learned"/> was found in.</summary>
    public SequenceData Read(ParseResult parse, string file, bool regression, Action<string> note, SequenceTableOptions? learned = null)
    {
        if (Directory.Exists(file))
            throw new CommandError($"{file}: expected a file of series, found a directory.");
        if (!File.Exists(file))
            throw new CommandError($"{file}: there is no such file.");
        int? window = parse.GetValue(_window), every = parse.GetValue(_every);
        if (every is not null && window is null && learned?.Window is null)
            throw new UsageMistake($"{_every.Name} says how far windows are apart, and there are none: expected {_window.Name}, too.");
        SequenceTableOptions options = learned ?? new SequenceTableOptions();
        if (window is not null && options.Window is not null && window != options.Window)
            note($"windows of {window} steps, where the training had {options.Window} ({_window.Name})");
        SequenceData data = SequenceReader.Read(file, options with
        {
            Label = parse.GetValue(_label) ?? options.Label, Id = parse.GetValue(_id) ?? options.Id, Time = parse.GetValue(_time) ?? options.Time,
            Channels = parse.GetValue(_channels) is { Length: > 0 } named ? named : options.Channels,
            Regression = regression || parse.GetValue(_regression), Window = window ?? options.Window, Every = every ?? (window is null ? options.Every : null),
        });
        foreach (string found in data.Notes)
            note(found);
        int least = data.Series.Min(s => s.Length), most = data.Series.Max(s => s.Length), channels = data.Series[0].ChannelCount;
        note($"{file}: {Report.Count(data.Series.Count)} series of {(least == most ? "" : $"{Report.Count(least)} to ")}{Report.Count(most)} steps, {channels} {(channels == 1 ? "channel" : "channels")}"
            + (data.Labels is not null ? $", {data.Classes.Count} {(data.Classes.Count == 1 ? "class" : "classes")}" : data.Targets is not null ? ", a number to be told" : ", without labels"));
        return data;
    }
}
