using System.Globalization;
using System.Text;

namespace XLstm.Cli.Plotting;

/// <summary>A loss curve made of characters: braille dots on a terminal, ASCII in a file.</summary>
internal static class TerminalPlot
{
    private const int LabelWidth = 7;

    /// <summary>Lines of the plot; none where there is nothing to see yet.</summary>
    public static IEnumerable<string> Draw(LossCurve curve, int width, int height, bool braille)
    {
        int columns = Math.Clamp(width - LabelWidth - 1, 10, 100);
        (int across, int down) = braille ? (2, 4) : (1, 1);
        List<(double Step, double Loss)> training = LossCurve.Thinned(curve.Training, columns * across);
        if (training.Count < 2)
            return [];
        var all = training.Concat(curve.Validation).ToList();
        double low = all.Min(p => p.Loss), high = all.Max(p => p.Loss), first = all.Min(p => p.Step), last = all.Max(p => p.Step);
        var canvas = new Canvas(columns, height, across, down);
        foreach (((double Step, double Loss) from, (double Step, double Loss) to) in training.Zip(training.Skip(1)))
            canvas.Line(X(from.Step), Y(from.Loss), X(to.Step), Y(to.Loss));
        foreach ((double step, double loss) in curve.Validation)
            canvas.Mark(X(step) / across, Y(loss) / down);
        return Labelled(canvas, low, high, first, last, curve.Validation.Count > 0);

        int X(double step) => Place(step, first, last, columns * across);
        int Y(double loss) => Place(-loss, -high, -low, height * down);
    }

    private static int Place(double value, double from, double to, int places) =>
        to > from ? Math.Clamp((int)((value - from) / (to - from) * places), 0, places - 1) : places / 2;

    private static IEnumerable<string> Labelled(Canvas canvas, double low, double high, double first, double last, bool validated)
    {
        for (int row = 0; row < canvas.Rows; row++)
        {
            string label = row == 0 ? Number(high) : row == canvas.Rows - 1 ? Number(low) : "";
            yield return $"{label,LabelWidth} {canvas.Row(row)}".TrimEnd();
        }
        string from = first.ToString("F0", CultureInfo.InvariantCulture), to = "step " + last.ToString("F0", CultureInfo.InvariantCulture);
        string legend = validated ? "loss; o: validation" : "loss";
        int room = canvas.Columns - from.Length - to.Length;
        string middle = room > legend.Length + 1 ? legend.PadLeft((room + legend.Length) / 2).PadRight(room) : new string(' ', Math.Max(1, room));
        yield return new string(' ', LabelWidth + 1) + from + middle + to;
    }

    private static string Number(double value) => value.ToString("F3", CultureInfo.InvariantCulture);

    private sealed class Canvas(int columns, int rows, int across, int down)
    {
        // Bits of the dots of a braille sign, row by row.
        private static readonly int[] Dots = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];
        private readonly int[] _dots = new int[columns * rows];
        private readonly bool[] _marks = new bool[columns * rows];

        public int Columns => columns;

        public int Rows => rows;

        public void Mark(int column, int row) => _marks[row * columns + column] = true;

        public void Line(int x, int y, int toX, int toY)
        {
            int steps = Math.Max(1, Math.Max(Math.Abs(toX - x), Math.Abs(toY - y)));
            for (int i = 0; i <= steps; i++)
                Dot(x + (toX - x) * i / steps, y + (toY - y) * i / steps);
        }

        public string Row(int row)
        {
            var text = new StringBuilder();
            for (int column = 0; column < columns; column++)
            {
                int place = row * columns + column;
                text.Append(_marks[place] ? 'o' : _dots[place] == 0 ? ' ' : down == 1 ? '.' : (char)(0x2800 + _dots[place]));
            }
            return text.ToString();
        }

        private void Dot(int x, int y) => _dots[y / down * columns + x / across] |= Dots[y % down * 2 + x % across];
    }
}
