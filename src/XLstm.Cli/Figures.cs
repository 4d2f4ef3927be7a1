using System.Globalization;

namespace XLstm.Cli;

/// <summary>Numbers below each other, all with as many digits as the largest of them deserves.</summary>
internal static class Figures
{
    private const int Digits = 4;

    /// <summary>Writes numbers of the size of <paramref name="values"/>.</summary>
    public static Func<double, string> For(IEnumerable<double> values)
    {
        double most = values.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max();
        int before = most > 0 ? (int)Math.Floor(Math.Log10(most)) + 1 : 1;
        string format = before is > 12 or < -4 ? "G4" : $"F{Math.Clamp(Digits - before, 0, 7)}";
        return value => double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "-";
    }
}
