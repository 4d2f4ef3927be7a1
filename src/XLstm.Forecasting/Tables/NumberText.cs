using System.Globalization;
using System.Text;

namespace XLstm.Forecasting;

/// <summary>What stands before the fraction of a number.</summary>
public enum DecimalMark
{
    /// <summary>1,234.5</summary>
    Point,

    /// <summary>1.234,5</summary>
    Comma,
}

/// <summary>Numbers as people write them: groups of thousands, signs of currencies, percent.</summary>
internal static class NumberText
{
    private const int MostLength = 64;
    private static readonly byte[][] s_missing = [.. new[] { "", "NA", "N/A", "#N/A", "NaN", "null", "none", "nil", "-", "--", "?", ".", "inf", "-inf", "+inf", "infinity", "-infinity", "\\N" }.Select(Encoding.UTF8.GetBytes)];
    private static readonly byte[][] s_units = [.. new[] { "$", "%", "€", "£", "¥" }.Select(Encoding.UTF8.GetBytes)];
    private static readonly byte[][] s_blanks = [.. new[] { " ", "'", "\u00A0", "\u202F", "\u2019" }.Select(Encoding.UTF8.GetBytes)];
    private static readonly byte[] s_minus = Encoding.UTF8.GetBytes("\u2212");

    /// <summary>Whether a cell says that there is no value.</summary>
    public static bool IsMissing(ReadOnlySpan<byte> cell)
    {
        if (cell.Length > 9)
            return false;
        foreach (byte[] word in s_missing)
            if (System.Text.Ascii.EqualsIgnoreCase(cell, word))
                return true;
        return false;
    }

    /// <summary>A number with the given decimal mark; groups of three by the other one, by blanks or apostrophes.</summary>
    public static bool TryParse(ReadOnlySpan<byte> cell, DecimalMark mark, out double value)
    {
        value = double.NaN;
        if (cell.Length is 0 or > MostLength)
            return false;
        cell = WithoutUnit(cell);
        bool negative = false;
        ReadOnlySpan<byte> minus = s_minus;
        if (cell.StartsWith(minus) || cell is [(byte)'-' or (byte)'+', ..])
        {
            negative = cell[0] != '+';
            cell = cell[(cell.StartsWith(minus) ? minus.Length : 1)..];
        }
        cell = WithoutUnit(cell);
        Span<byte> plain = stackalloc byte[MostLength];
        int length = 0, digits = 0, group = -1;
        bool zero = cell is [(byte)'0', ..];
        byte point = mark == DecimalMark.Point ? (byte)'.' : (byte)',', thousands = mark == DecimalMark.Point ? (byte)',' : (byte)'.';
        ReadOnlySpan<byte> separator = default;
        while (cell.Length > 0)
        {
            if (char.IsAsciiDigit((char)cell[0]))
            {
                plain[length++] = cell[0];
                digits++;
                cell = cell[1..];
                continue;
            }
            ReadOnlySpan<byte> next = cell[0] == thousands ? cell[..1] : Prefix(cell, s_blanks);
            if (next.Length == 0)
                break;
            // The first group has one to three digits, not 0 first, each of the others three, and they are separated alike.
            if (group < 0 ? digits is 0 or > 3 || zero : digits != 3 || !next.SequenceEqual(separator))
                return false;
            separator = next;
            (group, digits) = (Math.Max(group, 0) + 1, 0);
            cell = cell[next.Length..];
        }
        if (group > 0 && digits != 3)
            return false;
        int fraction = 0;
        if (cell.Length > 0 && cell[0] == point)
        {
            plain[length++] = (byte)'.';
            for (cell = cell[1..]; cell.Length > 0 && char.IsAsciiDigit((char)cell[0]); cell = cell[1..], fraction++)
                plain[length++] = cell[0];
        }
        if (digits + fraction == 0)
            return false;
        if (cell is [(byte)'e' or (byte)'E', ..])
        {
            cell.CopyTo(plain[length..]);
            length += cell.Length;
            cell = default;
        }
        if (cell.Length > 0 || !double.TryParse(plain[..length], NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value))
            return false;
        value = negative ? -value : value;
        return true;
    }

    private static ReadOnlySpan<byte> WithoutUnit(ReadOnlySpan<byte> cell)
    {
        foreach (byte[] unit in s_units)
        {
            if (cell.StartsWith(unit))
                return cell[unit.Length..].TrimStart((byte)' ');
            if (cell.EndsWith(unit))
                return Trimmed(cell[..^unit.Length]);
        }
        return cell;
    }

    private static ReadOnlySpan<byte> Trimmed(ReadOnlySpan<byte> cell)
    {
        ReadOnlySpan<byte> noBreak = s_blanks[2];
        return cell.EndsWith(noBreak) ? cell[..^noBreak.Length] : cell.TrimEnd((byte)' ');
    }

    private static ReadOnlySpan<byte> Prefix(ReadOnlySpan<byte> cell, byte[][] choices)
    {
        foreach (byte[] choice in choices)
            if (cell.StartsWith(choice))
                return cell[..choice.Length];
        return default;
    }
}

/// <summary>What the cells of a column say about how numbers are written.</summary>
/// <param name="Present">Cells that are not missing.</param>
/// <param name="Point">Numbers with a decimal point only.</param>
/// <param name="Comma">Numbers with a decimal comma only.</param>
/// <param name="Same">Numbers that are the same with both.</param>
/// <param name="Unsure">Row of the first number that is another one with a comma than with a point, or -1.</param>
/// <param name="Either">How many of those.</param>
internal readonly record struct NumberEvidence(int Present, int Point, int Comma, int Same, int Unsure, int Either)
{
    /// <summary>Most cells are numbers: those that are not are mistakes.</summary>
    public bool IsNumeric => Present > 0 && 2 * (Math.Max(Point, Comma) + Same + Either) > Present;

    public static NumberEvidence Of(CsvTable table, int column)
    {
        int present = 0, point = 0, comma = 0, same = 0, unsure = -1, either = 0;
        for (int row = 0; row < table.Rows; row++)
        {
            ReadOnlySpan<byte> cell = table[column, row];
            if (NumberText.IsMissing(cell))
                continue;
            present++;
            bool p = NumberText.TryParse(cell, DecimalMark.Point, out double asPoint), c = NumberText.TryParse(cell, DecimalMark.Comma, out double asComma);
            if (p && c && asPoint != asComma)
            {
                either++;
                unsure = unsure < 0 ? row : unsure;
            }
            else if (p && c)
                same++;
            else if (p)
                point++;
            else if (c)
                comma++;
        }
        return new NumberEvidence(present, point, comma, same, unsure, either);
    }
}
