using System.Globalization;
using System.Text;

namespace XLstm;

/// <summary>Text with its characters composed (Unicode Normalization Form C, Unicode Standard Annex 15): e and a separate accent become one character.</summary>
/// <remarks>
/// Tokens must not depend on the machine, and .NET composes nothing where an application runs without the system's language data (invariant globalization);
/// hence with tables of our own.
/// </remarks>
internal static class Composition
{
    // Nothing below combines or decomposes.
    private const int FirstOfInterest = 0x300;
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7, Leads = 19, Vowels = 21, Tails = 28;

    private static readonly Lazy<Tables> Data = new(Tables.Read);

    /// <summary>The text itself where there is nothing to do, as in nearly all text.</summary>
    internal static ReadOnlySpan<char> Compose(ReadOnlySpan<char> text)
    {
        if (text.IndexOfAnyInRange((char)FirstOfInterest, char.MaxValue) < 0 || IsComposed(text))
            return text;
        var characters = new List<(int Code, byte Class)>(text.Length);
        foreach (var character in text.EnumerateRunes())
            Decompose(character.Value, characters);
        Order(characters);
        return Join(characters);
    }

    private static bool IsComposed(ReadOnlySpan<char> text)
    {
        foreach (var character in text.EnumerateRunes())
        {
            if (character.Value >= FirstOfInterest && Data.Value.MayChange.Contains(character.Value))
                return false;
        }
        return true;
    }

    private static void Decompose(int code, List<(int Code, byte Class)> characters)
    {
        if (code - HangulBase is >= 0 and < Leads * Vowels * Tails and var syllable)
        {
            characters.Add((LeadBase + (syllable / (Vowels * Tails)), 0));
            characters.Add((VowelBase + (syllable / Tails % Vowels), 0));
            if (syllable % Tails > 0)
                characters.Add((TailBase + (syllable % Tails), 0));
        }
        else if (code >= 0xC0 && Data.Value.Parts.TryGetValue(code, out var parts))
        {
            Decompose(parts.First, characters);
            if (parts.Second > 0)
                Decompose(parts.Second, characters);
        }
        else
            characters.Add((code, code < FirstOfInterest ? (byte)0 : Data.Value.Classes.GetValueOrDefault(code)));
    }

    /// <summary>Marks that follow each other stand in the order of their classes; those of one class stay as they are.</summary>
    private static void Order(List<(int Code, byte Class)> characters)
    {
        for (var end = 0; end < characters.Count; end++)
        {
            var start = end;
            while (end < characters.Count && characters[end].Class > 0)
                end++;
            if (end - start < 2)
                continue;
            var marks = characters[start..end].OrderBy(c => c.Class).ToList(); // stable
            for (var i = 0; i < marks.Count; i++)
                characters[start + i] = marks[i];
        }
    }

    /// <summary>Joins each mark with the last starter, unless another mark of its class or above stands between and blocks it.</summary>
    private static string Join(List<(int Code, byte Class)> characters)
    {
        var (starter, count) = (-1, 0);
        for (var i = 0; i < characters.Count; i++)
        {
            var character = characters[i];
            var before = count > 0 ? characters[count - 1].Class : 0;
            var blocked = count - 1 > starter && (before == 0 || before >= character.Class);
            if (starter >= 0 && !blocked && Pair(characters[starter].Code, character.Code) is var joined and > 0)
            {
                characters[starter] = (joined, 0);
                continue;
            }
            if (character.Class == 0)
                starter = count;
            characters[count++] = character;
        }
        var text = new StringBuilder(count);
        foreach (var (code, _) in characters[..count])
            text.Append(new Rune(code));
        return text.ToString();
    }

    private static int Pair(int first, int second)
    {
        if (first - LeadBase is >= 0 and < Leads and var lead && second - VowelBase is >= 0 and < Vowels and var vowel)
            return HangulBase + (((lead * Vowels) + vowel) * Tails);
        if (first - HangulBase is >= 0 and < Leads * Vowels * Tails and var syllable && syllable % Tails == 0 && second - TailBase is > 0 and < Tails and var tail)
            return first + tail;
        return Data.Value.Joined.GetValueOrDefault((first, second));
    }

    private sealed class Tables
    {
        internal Dictionary<int, (int First, int Second)> Parts { get; } = [];

        internal Dictionary<(int, int), int> Joined { get; } = [];

        internal Dictionary<int, byte> Classes { get; } = [];

        /// <summary>Characters that are not what they were in composed text, or may not be beside others.</summary>
        internal HashSet<int> MayChange { get; } = [];

        internal static Tables Read()
        {
            var tables = new Tables();
            using var reader = new StreamReader(typeof(Composition).Assembly.GetManifestResourceStream("Composition.txt")!);
            while (reader.ReadLine() is { } line)
            {
                if (line[0] != '#')
                    tables.Read(line.Split(' '));
            }
            for (var code = VowelBase; code < TailBase + Tails; code++)
                tables.MayChange.Add(code);
            return tables;
        }

        private void Read(string[] words)
        {
            if (words[0].Split("..") is [var from, var to])
            {
                for (var marked = Code(from); marked <= Code(to); marked++)
                {
                    Classes.Add(marked, byte.Parse(words[1], CultureInfo.InvariantCulture));
                    MayChange.Add(marked);
                }
                return;
            }
            var (code, again, second) = (Code(words[0]), words[^1] != "!", words.Length > 2 && words[2] != "!" ? Code(words[2]) : 0);
            Parts.Add(code, (Code(words[1]), second));
            if (again)
                Joined.Add((Code(words[1]), second), code);
            else
                MayChange.Add(code);
            // What may be joined to something before it; most are marks anyway.
            if (again)
                MayChange.Add(second);
        }

        private static int Code(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }
}
