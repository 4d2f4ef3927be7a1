using System.Globalization;
using Spectre.Console;

namespace XLstm.Cli.Benchmarking;

/// <summary>Speeds as they come: a table that grows on a terminal, lines in a file.</summary>
internal sealed class SpeedTable(TextWriter output, bool terminal, IReadOnlyList<int> threads)
{
    private const int TitleWidth = 38, UnitWidth = 10, ValueWidth = 12;

    /// <summary>Runs <paramref name="measure"/>, which gives each row to its argument.</summary>
    public void Show(Action<Action<Subject, IReadOnlyList<double>>, Action<string>> measure)
    {
        if (terminal)
            ShowLive(measure);
        else
            ShowPlain(measure);
    }

    private void ShowPlain(Action<Action<Subject, IReadOnlyList<double>>, Action<string>> measure)
    {
        output.WriteLine(new string(' ', 2 + TitleWidth + UnitWidth) + string.Concat(threads.Select(t => Heading(t).PadLeft(ValueWidth))));
        measure(
            (subject, values) =>
            {
                output.WriteLine($"  {subject.Title.PadRight(TitleWidth)}{subject.Unit.PadRight(UnitWidth)}{string.Concat(values.Select(v => Number(v).PadLeft(ValueWidth)))}");
                output.Flush();
            },
            _ => { });
    }

    private void ShowLive(Action<Action<Subject, IReadOnlyList<double>>, Action<string>> measure)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        Table table = new Table().Border(TableBorder.Rounded).AddColumn("").AddColumn("");
        foreach (int count in threads)
            table.AddColumn(new TableColumn(Heading(count)).RightAligned());
        console.Live(table).Start(context => measure(
            (subject, values) =>
            {
                table.AddRow([subject.Title, subject.Unit, .. values.Select(Number)]);
                table.Caption = null;
                context.Refresh();
            },
            next =>
            {
                table.Caption = new TableTitle(next);
                context.Refresh();
            }));
    }

    private static string Heading(int count) => count == 1 ? "1 thread" : $"{count} threads";

    /// <summary>Three digits, or all of those before the point.</summary>
    public static string Number(double value) => value.ToString(value >= 100 ? "N0" : value >= 10 ? "F1" : "F2", CultureInfo.InvariantCulture);
}
