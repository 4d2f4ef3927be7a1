using System.Text;

namespace XLstm;

/// <summary>Lets text through up to the first stop text, and holds back what may be the start of one.</summary>
internal sealed class StopTexts(IReadOnlyList<string> stops)
{
    private readonly StringBuilder _held = new();

    /// <summary>A stop text appeared: nothing more is let through.</summary>
    public bool Found { get; private set; }

    /// <summary>What may be shown after these characters.</summary>
    public string Append(ReadOnlySpan<char> characters)
    {
        if (Found || characters.IsEmpty)
            return "";
        if (stops.Count == 0)
            return characters.ToString();
        string text = _held.Append(characters).ToString();
        _held.Clear();
        int end = text.Length;
        foreach (string stop in stops)
            if (text.IndexOf(stop, 0, Math.Min(end + stop.Length, text.Length), StringComparison.Ordinal) is var at and >= 0 && at < end)
                (end, Found) = (at, true);
        if (Found)
            return text[..end];
        int held = stops.Max(stop => StartAtTheEnd(text, stop));
        _held.Append(text.AsSpan(text.Length - held));
        return text[..^held];
    }

    /// <summary>What was held back, at the end.</summary>
    public string Rest()
    {
        string rest = _held.ToString();
        _held.Clear();
        return rest;
    }

    private static int StartAtTheEnd(string text, string stop)
    {
        for (int length = Math.Min(stop.Length - 1, text.Length); length > 0; length--)
            if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                return length;
        return 0;
    }
}
