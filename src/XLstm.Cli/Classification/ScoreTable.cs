using System.Globalization;
using XLstm.Classification;
using XLstm.Cli.Forecasts;

namespace XLstm.Cli.Classification;

/// <summary>What predictions are worth, where the truth is known.</summary>
internal static class ScoreTable
{
    private const int MostClasses = 20, MostName = 12;

    public static void Write(TextWriter text, ClassificationScore score)
    {
        text.WriteLine($"accuracy {Number(score.Accuracy)}, balanced accuracy {Number(score.BalancedAccuracy)}, macro F1 {Number(score.MacroF1)}");
        if (score.Classes.Count > MostClasses)
            return;
        string[] names = [.. score.Classes.Select(c => SeriesText.Line(c.Length > MostName ? c[..MostName] : c))];
        int width = Math.Max(6, names.Max(n => n.Length)) + 2;
        text.WriteLine();
        text.WriteLine("Rows: what they are; columns: what they were told to be.");
        text.WriteLine(new string(' ', width) + string.Concat(names.Select(n => n.PadLeft(width))));
        for (int k = 0; k < names.Length; k++)
            text.WriteLine(names[k].PadRight(width) + string.Concat(Enumerable.Range(0, names.Length).Select(j => score[k, j].ToString(CultureInfo.InvariantCulture).PadLeft(width))));
    }

    public static void Write(TextWriter text, RegressionScore score) =>
        text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"RMSE {score.Rmse:G4}, MAE {score.Mae:G4}, R2 {score.R2:F3}"));

    private static string Number(double value) => value.ToString("F3", CultureInfo.InvariantCulture);
}
