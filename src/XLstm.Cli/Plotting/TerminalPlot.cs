using System.Globalization;
using System.Text;

namespace XLstm.Cli.Plotting;

/// <summary>A line through points; where Y is NaN it is broken.</summary>
/// <param name="Points">In order of X.</param>
/// <param name="Sign">What it is made of where there is only ASCII.</param>
internal sealed record TerminalLine(IReadOnlyList<(double X, double Y)> Points, char Sign = '.');

/// <summary>What a plot of characters shows.</summary>
/// <param name="Lines">The later ones lie above the earlier.</param>
/// <param name="From">Below the left end.</param>
/// <param name="To">Below the right end.</param>
/// <param name="Legend">Between them.</param>
internal sealed record TerminalPicture(IReadOnlyList<TerminalLine> Lines, string From, string To, string Legend)
{
    /// <summary>Single points, as o.</summary>
    public IReadOnlyList<(double X, double Y)> Marks { get; init; } = [];

    /// <summary>An area below the lines.</summary>
    public IReadOnlyList<(double X, double Low, double High)> Band { get; init; } = [];

    /// <summary>A line from top to bottom.</summary>
    public double? Divide { get; init; }

    /// <summary>How the lowest and the highest value are written.</summary>
    public Func<double, string> Number { get; init; } = value => value.ToString("F3", CultureInfo.InvariantCulture);
}

/// <summary>Plots made of characters: braille dots on a terminal, ASCII in a file.</summary>
internal static class TerminalPlot
{
    private const int LabelWidth = 7;

    /// <summary>A loss curve; no lines where there is nothing to see yet.</summary>
    public static IEnumerable<string> Draw(LossCurve curve, int width, int height, bool braille)
    {
        List<(double Step, double Loss)> training = LossCurve.Thinned(curve.Training, Columns(width, LabelWidth) * (braille ? 2 : 1));
        if (training.Count < 2)
            return [];
        var steps = training.Concat(curve.Validation).Select(p => p.Step).ToList();
        string from = steps.Min().ToString("F0", CultureInfo.InvariantCulture), to = "step " + steps.Max().ToString("F0", CultureInfo.InvariantCulture);
        var picture = new TerminalPicture([new TerminalLine(training)], from, to, curve.Validation.Count > 0 ? "loss; o: validation" : "loss") { Marks = curve.Validation };
        return Draw(picture, width, height, braille);
    }

    /// <summary>Lines of the plot; none where there are no two points.</summary>
    public static IEnumerable<string> Draw(TerminalPicture picture, int width, int height, bool braille)
    {
        List<(double X, double Y)> all =
        [
            .. picture.Lines.SelectMany(line => line.Points), .. picture.Marks, .. picture.Band.Select(b => (b.X, b.Low)), .. picture.Band.Select(b => (b.X, b.High)),
        ];
        all.RemoveAll(p => !double.IsFinite(p.Y));
        if (all.Count < 2)
            return [];
        double low = all.Min(p => p.Y), high = all.Max(p => p.Y), first = all.Min(p => p.X), last = all.Max(p => p.X);
        (string lowest, string highest) = (picture.Number(low), picture.Number(high));
        int labels = Math.Max(LabelWidth, Math.Max(lowest.Length, highest.Length)), columns = Columns(width, labels);
        (int across, int down) = braille ? (2, 4) : (1, 1);
        var canvas = new Canvas(columns, height, across, down);
        foreach (((double X, double Low, double High) from, (double X, double Low, double High) to) in picture.Band.Zip(picture.Band.Skip(1)))
            for (int x = X(from.X), end = X(to.X), i = x; i <= end; i++)
                canvas.Shade(i, Y(Between(from.High, to.High, x, i, end)), Y(Between(from.Low, to.Low, x, i, end)));
        if (picture.Divide is { } divide)
            canvas.Divide(X(divide));
        foreach (TerminalLine line in picture.Lines)
            foreach (((double X, double Y) from, (double X, double Y) to) in line.Points.Zip(line.Points.Skip(1)))
                if (double.IsFinite(from.Y) && double.IsFinite(to.Y))
                    canvas.Line(X(from.X), Y(from.Y), X(to.X), Y(to.Y), line.Sign);
        foreach ((double x, double y) in picture.Marks)
            canvas.Mark(X(x) / across, Y(y) / down);
        return Labelled(canvas, picture, labels, lowest, highest);

        int X(double x) => Place(x, first, last, columns * across);
        int Y(double y) => Place(-y, -high, -low, height * down);
    }

    private static int Columns(int width, int labels) => Math.Clamp(width - labels - 1, 10, 100);

    private static double Between(double from, double to, int start, int at, int end) => end == start ? to : from + ((to - from) * (at - start) / (end - start));

    private static int Place(double value, double from, double to, int places) =>
        to > from ? Math.Clamp((int)((value - from) / (to - from) * places), 0, places - 1) : places / 2;

    private static IEnumerable<string> Labelled(Canvas canvas, TerminalPicture picture, int labels, string lowest, string highest)
    {
        for (int row = 0; row < canvas.Rows; row++)
        {
            string label = row == 0 ? highest : row == canvas.Rows - 1 ? lowest : "";
            yield return $"{label.PadLeft(labels)} {canvas.Row(row)}".TrimEnd();
        }
        int room = canvas.Columns - picture.From.Length - picture.To.Length;
        string middle = room > picture.Legend.Length + 1 ? picture.Legend.PadLeft((room + picture.Legend.Length) / 2).PadRight(room) : new string(' ', Math.Max(1, room));
        yield return new string(' ', labels + 1) + picture.From + middle + picture.To;
    }

    private sealed class Canvas(int columns, int rows, int across, int down)
    {
        private const char Nothing = ' ', Shadow = ':', Border = '|';

        // Bits of the dots of a braille sign, row by row.
        private static readonly int[] Dots = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];
        private readonly int[] _dots = new int[columns * rows];
        private readonly char[] _signs = Enumerable.Repeat(Nothing, columns * rows).ToArray();
        private readonly bool[] _marks = new bool[columns * rows];

        public int Columns => columns;

        public int Rows => rows;

        public void Mark(int column, int row) => _marks[row * columns + column] = true;

        public void Line(int x, int y, int toX, int toY, char sign)
        {
            int steps = Math.Max(1, Math.Max(Math.Abs(toX - x), Math.Abs(toY - y)));
            for (int i = 0; i <= steps; i++)
                Dot(x + (toX - x) * i / steps, y + (toY - y) * i / steps, sign);
        }

        /// <summary>Every other dot of a column.</summary>
        public void Shade(int x, int top, int bottom)
        {
            for (int y = top; y <= bottom; y++)
                if (down == 1 || (x + y) % 2 == 0)
                    Dot(x, y, Shadow);
        }

        public void Divide(int x)
        {
            for (int y = 0; y < rows * down; y++)
                if (down == 1 || y % 4 < 2)
                    Dot(x, y, Border);
        }

        public string Row(int row)
        {
            var text = new StringBuilder();
            for (int place = row * columns; place < (row + 1) * columns; place++)
                text.Append(_marks[place] ? 'o' : down == 1 || _dots[place] == 0 ? _signs[place] : (char)(0x2800 + _dots[place]));
            return text.ToString();
        }

        private void Dot(int x, int y, char sign)
        {
            int place = y / down * columns + x / across;
            _dots[place] |= Dots[y % down * 2 + x % across];
            _signs[place] = sign;
        }
    }
}
