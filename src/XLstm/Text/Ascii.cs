using System.Text;

namespace XLstm;

/// <summary>Typographic characters as their plain counterparts: fewer characters to learn, and the same text to read.</summary>
internal static class Ascii
{
    internal static string Plain(string text)
    {
        if (System.Text.Ascii.IsValid(text))
            return text;
        var plain = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            plain.Append(c switch
            {
                '\u2018' or '\u2019' or '\u00B4' => "'",
                '\u201C' or '\u201D' => "\"",
                '\u2013' or '\u2014' or '\u2010' or '\u2011' or '\u2212' => "-",
                '\u2026' => "...",
                '\u00A0' or '\u2009' or '\u202F' => " ",
                '\u200B' or '\uFEFF' or '\u00AE' or '\u2122' => "",
                '\u00D7' => "x",
                '\u2264' => "<=",
                '\u2265' => ">=",
                '\u2260' => "!=",
                '\u2192' => "->",
                '\u03C0' => "pi",
                '\u2022' or '\u00B7' => "*",
                '\u00A9' => "(c)",
                '\u00B0' => " degrees",
                _ => c.ToString(),
            });
        }
        return plain.ToString();
    }

    /// <summary>Whether there is nothing but printable ASCII.</summary>
    internal static bool IsPlain(string text) => !text.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
