using System.Globalization;

namespace XLstm.Samples.TrainedInPython;

/// <summary>
/// Daily prices with what the news said, and the protocol of the models' author: rows in order of their dates, the last fifth for the test; windows of 60 rows
/// and those to forecast, one row apart; prices relative to the window's first, other columns as they are.
/// </summary>
internal sealed class Stocks
{
    private const int Window = 60;

    private readonly float[][] _rows;

    private Stocks(float[][] rows) => _rows = rows;

    /// <param name="path">A CSV file with a column Date.</param>
    /// <param name="columns">The columns that the model reads, the price first.</param>
    /// <param name="testPartOnly">Whether the file has no more than the test part.</param>
    public static Stocks Read(string path, string[] columns, bool testPartOnly)
    {
        string[][] cells = [.. File.ReadLines(path).Select(line => line.Split(','))];
        int date = Array.IndexOf(cells[0], "Date");
        int[] places = [.. columns.Select(c => Array.IndexOf(cells[0], c))];
        float[][] rows = [.. cells.Skip(1).OrderBy(row => row[date], StringComparer.Ordinal).Select(row => places.Select(p => float.Parse(row[p], CultureInfo.InvariantCulture)).ToArray())];
        return new Stocks(testPartOnly ? rows : rows[(int)(0.8 * rows.Length)..]);
    }

    /// <summary>Root mean square error and coefficient of determination over all steps of all windows, in units of the price.</summary>
    public (double Rmse, double R2) Score(XLstmStackModel model, int horizon)
    {
        using var pass = new Pass();
        List<double> actual = [], forecast = [];
        for (int start = 0; start + Window + horizon <= _rows.Length; start++)
        {
            float first = _rows[start][0];
            float[] values = [.. _rows.Skip(start).Take(Window).SelectMany(row => row.Select((value, column) => column == 0 ? value / first - 1 : value))];
            #region One window
            Tensor x = pass.Rent(new Shape(1, Window, values.Length / Window), values);
            (Tensor output, _) = model.Forward(x, state: null, pass);
            float[] last = output.Span[^horizon..].ToArray(); // what the last step says
            #endregion
            forecast.AddRange(last.Select(step => (double)first * (step + 1)));
            actual.AddRange(_rows.Skip(start + Window).Take(horizon).Select(row => (double)row[0]));
            pass.Reset();
        }
        double mean = actual.Average(), error = actual.Zip(forecast, (a, f) => (a - f) * (a - f)).Sum();
        return (Math.Sqrt(error / actual.Count), 1 - error / actual.Sum(a => (a - mean) * (a - mean)));
    }
}
