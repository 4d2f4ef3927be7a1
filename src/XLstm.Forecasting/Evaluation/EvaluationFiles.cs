using System.Globalization;

namespace XLstm.Forecasting;

/// <summary>What the readers of data sets share.</summary>
internal static class EvaluationFiles
{
    /// <summary>A finite number, or NaN for `?` and `NaN`.</summary>
    public static double Number(ReadOnlySpan<char> text, string path, int line)
    {
        text = text.Trim();
        if (text is "?" or "NaN" or "nan" or "NA")
            return double.NaN;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? value
            : throw Error(path, line, $"'{Short(text.ToString())}' is not a number");
    }

    public static InvalidDataException Error(string path, int line, string what) => new($"{path}, line {line}: {what}.");

    public static string Short(string text) => text.Length <= 40 ? text : text[..40] + "...";
}
