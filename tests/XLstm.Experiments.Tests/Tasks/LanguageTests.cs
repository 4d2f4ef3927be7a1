using System.Globalization;
using System.Text.RegularExpressions;

namespace XLstm.Experiments.Tests;

/// <summary>Every label against a definition that shares nothing with the generator, and what is drawn against its statistics.</summary>
public sealed partial class LanguageTests
{
    private const int Rows = 300;

    private static readonly int[] s_lengths = [3, 4, 5, 6, 7, 8, 9, 10, 11, 17, 24, 40, 41, 64, 99, 256];

    [Fact]
    public void ParityCountsTheOnes() => CheckLast(new Parity(), tokens => tokens.Count(t => t == 1) % 2);

    [Fact]
    public void EvenPairsCountsTheChanges() => CheckLast(new EvenPairs(), tokens => tokens.Zip(tokens[1..]).Count(p => p.First != p.Second) % 2);

    [Fact]
    public void CycleNavigationWalks() => CheckLast(new CycleNavigation(), tokens =>
    {
        int[] circle = [0, 1, 2, 3, 4];
        foreach (int token in tokens)
            circle = token switch { 1 => [.. circle[1..], circle[0]], 2 => [circle[^1], .. circle[..^1]], _ => circle };
        return circle[0];
    });

    [Fact]
    public void PermutationsMoveThings()
    {
        Check(new PermutationGroup(), (tokens, labels) => Assert.Equal(Enumerable.Range(1, tokens.Length).Select(n => Move("abc", tokens[..n])), labels.Select(e => Move("abc", [e]))));
        Assert.Equal(6, Enumerable.Range(0, 6).Select(e => Move("abc", [e])).Distinct().Count());

        static string Move(string things, int[] elements)
        {
            foreach (int element in elements)
            {
                var moved = new char[3];
                for (int place = 0; place < 3; place++)
                    moved[PermutationGroup.Image(element, place)] = things[place];
                things = new string(moved);
            }
            return things;
        }
    }

    [Fact]
    public void ModularArithmeticMultipliesFirst() => CheckLast(new ModularArithmetic(), tokens =>
    {
        string text = Text(tokens);
        Assert.Matches("^[0-4]([-+*][0-4])*=$", text);
        int sum = 0;
        foreach (Match summand in Summand().Matches(text))
        {
            int product = 1;
            foreach (char digit in summand.Value.Where(char.IsAsciiDigit))
                product = product * (digit - '0') % 5;
            sum += summand.Value.StartsWith('-') ? 5 - product : product;
        }
        return sum % 5;
    });

    [Fact]
    public void BracketsAreWorkedOutFromWithin() => CheckLast(new BracketArithmetic(), tokens =>
    {
        string text = Text(tokens);
        Assert.EndsWith("=", text, StringComparison.Ordinal);
        return Value(text[..^1]);
    });

    [Fact]
    public void EquationsHaveOneSolution() => CheckLast(new SolveEquation(), tokens =>
    {
        string[] sides = Text(tokens).Split('=');
        Assert.Equal(2, sides.Length);
        Assert.Single(sides[0], 'x');
        return Enumerable.Range(0, 5).Single(x => Value(sides[0].Replace("x", $"{x}", StringComparison.Ordinal)) == Value(sides[1]));
    });

    [Fact]
    public void CountingComparesTheBlocks() => CheckEvery(new Counting(), tokens =>
    {
        string text = string.Concat(tokens.Select(t => "ab"[t]));
        Match match = Blocks().Match(text);
        Assert.True(match.Success || text.All(c => c == 'a'), text);
        return match.Success && match.Groups[1].Length == match.Groups[2].Length ? 1 : 0;
    });

    [Fact]
    public void MajorityHasNoRival()
    {
        CheckEvery(new Majority(), tokens =>
        {
            IGrouping<int, int>[] groups = [.. tokens.GroupBy(t => t).OrderByDescending(g => g.Count())];
            return groups.Length == 1 || groups[0].Count() > groups[1].Count() ? groups[0].Key : -1;
        });
        Check(new Majority(), (_, labels) => Assert.InRange(labels[^1], 0, 7));
    }

    [Fact]
    public void TheMissingTokenIsTheOneInTheFirstCopy() => CheckLast(new MissingDuplicate(), tokens =>
    {
        int n = tokens.Length / 2, place = Array.IndexOf(tokens, 8) - n;
        Assert.Equal([.. tokens[..place], .. tokens[(place + 1)..n]], [.. tokens[n..(n + place)], .. tokens[(n + place + 1)..]]);
        return tokens[place];
    });

    [Fact]
    public void RewritingGivesWhatItsNameSays()
    {
        CheckRewriting(Rewriting.Repetition, text => text, 8);
        CheckRewriting(Rewriting.Reversal, text => text.Reverse(), 8);
        CheckRewriting(Rewriting.OddsFirst, text => [.. text.Where((_, i) => i % 2 == 0), .. text.Where((_, i) => i % 2 == 1)], 8);
        CheckRewriting(Rewriting.Sorting, text => text.Order(), 8);
        CheckRewriting(Rewriting.Distinct, text => text.Distinct(), 8);
    }

    [Fact]
    public void TheStackIsWhatPushesAndPopsLeave() => CheckRewriting(
        new StackManipulation(),
        text =>
        {
            var stack = new Stack<int>();
            foreach (int token in text)
                if (token == 16)
                    stack.Pop();
                else
                    stack.Push(token % 8);
            return stack.Reverse();
        },
        17);

    [Theory]
    [InlineData(64, 4)]
    [InlineData(128, 8)]
    [InlineData(256, 16)]
    public void RecallAsksForEveryKeyOnce(int length, int pairs)
    {
        var language = new AssociativeRecall(pairs);
        var random = new RandomSource(5);
        var gaps = new List<int>();
        for (int row = 0; row < 100; row++)
        {
            (int[] tokens, int[] labels) = Draw(language, length, ref random);
            Assert.Equal(length, tokens.Length);
            var values = Enumerable.Range(0, pairs).ToDictionary(i => tokens[2 * i], i => tokens[(2 * i) + 1]);
            int[] asked = [.. Enumerable.Range(0, length).Where(i => labels[i] >= 0)];
            Assert.Equal(pairs, values.Values.Distinct().Count());
            Assert.All(values, pair => Assert.True(pair.Key is >= 1 and < 4096 && pair.Value is >= 4096 and < 8192));
            Assert.Equal(values.Keys.Order(), asked.Select(i => tokens[i]).Order());
            Assert.All(asked, i => Assert.Equal(values[tokens[i]], labels[i]));
            Assert.All(asked, i => Assert.True(i >= 2 * pairs && i % 2 == 0));
            gaps.AddRange(asked.Select(i => (i - (2 * pairs)) / 2));
        }
        // Near gaps are likelier: with a power of about -1, the first eighth of them has more than its share several times over.
        int places = (length - (2 * pairs)) / 2;
        Assert.True(gaps.Count(g => g < places / 8) > 2.5 * gaps.Count / 8);
        Assert.True(gaps.Max() > places / 2);
    }

    [Fact]
    public void LabelsAreAsLikelyAsTheGuessSays()
    {
        FormalLanguage[] even = [new Parity(), new EvenPairs(), new CycleNavigation(), new PermutationGroup(), new Counting(), new Majority(), new MissingDuplicate(), Rewriting.Repetition, Rewriting.Reversal, Rewriting.OddsFirst, new StackManipulation()];
        foreach (FormalLanguage language in even)
            Assert.All(Shares(language), share => Assert.InRange(share, 0.85 * language.RandomAccuracy, 1.15 * language.RandomAccuracy));
        // Multiplication makes 0 likelier; what a guess of it gets is near the guess that is subtracted.
        foreach (FormalLanguage language in new FormalLanguage[] { new ModularArithmetic(), new BracketArithmetic(), new SolveEquation() })
            Assert.All(Shares(language), share => Assert.InRange(share, 0.6 * language.RandomAccuracy, 1.7 * language.RandomAccuracy));

        static IEnumerable<double> Shares(FormalLanguage language)
        {
            var random = new RandomSource(3);
            var labels = new List<int>();
            while (labels.Count < 8000)
                {
                int[] drawn = Draw(language, 30 + (labels.Count % 7), ref random).Labels;
                labels.AddRange(language.LastCounts ? drawn[^1..] : drawn.Where(l => l >= 0));
            }
            return Enumerable.Range(0, language.Classes).Select(c => labels.Count(l => l == c) / (double)labels.Count);
        }
    }

    [Fact]
    public void TermsUseEveryOperatorAndNestDeeply()
    {
        var random = new RandomSource(4);
        string all = string.Concat(Enumerable.Range(0, 200).Select(_ => Text(Draw(new BracketArithmetic(), 40, ref random).Tokens)));
        foreach (char sign in "+-*")
            Assert.InRange(all.Count(c => c == sign) / (double)all.Length, 0.03, 0.3);
        Assert.Contains("(((", all, StringComparison.Ordinal);
    }

    private static void CheckLast(FormalLanguage language, Func<int[], int> label)
    {
        Check(language, (tokens, labels) =>
        {
            Assert.All(labels[..^1], l => Assert.Equal(-1, l));
            Assert.Equal(label(tokens), labels[^1]);
        });
    }

    private static void CheckEvery(FormalLanguage language, Func<int[], int> label) =>
        Check(language, (tokens, labels) => Assert.Equal(Enumerable.Range(1, tokens.Length).Select(n => label(tokens[..n])), labels));

    private static void CheckRewriting(FormalLanguage language, Func<int[], IEnumerable<int>> answer, int act)
    {
        Check(language, (tokens, labels) =>
        {
            int at = Array.IndexOf(tokens, act);
            int[] expected = [.. answer(tokens[..at])];
            Assert.All(labels[..at], l => Assert.Equal(-1, l));
            Assert.Equal(expected, labels[at..]);
            Assert.Equal(expected[..^1], tokens[(at + 1)..]);
        });
    }

    private static void Check(FormalLanguage language, Action<int[], int[]> check)
    {
        var random = new RandomSource(1);
        foreach (int length in s_lengths.Where(l => l >= language.ShortestLength))
            for (int row = 0; row < Rows / 10; row++)
            {
                (int[] tokens, int[] labels) = Draw(language, length, ref random);
                Assert.InRange(tokens.Length, Math.Max(2, Math.Min(length - 2, length * 2 / 3)), length);
                Assert.All(tokens, t => Assert.InRange(t, 0, language.Vocabulary - 1));
                Assert.All(labels, l => Assert.InRange(l, -1, language.Classes - 1));
                check(tokens, labels);
            }
    }

    private static (int[] Tokens, int[] Labels) Draw(FormalLanguage language, int length, ref RandomSource random)
    {
        int[] tokens = new int[length], labels = new int[length];
        Array.Fill(labels, -1);
        int used = language.Draw(ref random, tokens, labels);
        return (tokens[..used], labels[..used]);
    }

    private static string Text(int[] tokens) => string.Concat(tokens.Select(t => "01234+-*()=x"[t]));

    // Brackets from within, replaced by their values until only signs and a digit are left.
    private static int Value(string text)
    {
        while (Bracket().Match(text) is { Success: true } match)
        {
            int a = Signed(match.Groups[1].Value), b = Signed(match.Groups[3].Value);
            int value = match.Groups[2].Value switch { "+" => a + b, "-" => a - b + 5, _ => a * b } % 5;
            text = string.Concat(text.AsSpan(0, match.Index), value.ToString(CultureInfo.InvariantCulture), text.AsSpan(match.Index + match.Length));
        }
        return Signed(text);

        static int Signed(string text)
        {
            Assert.Matches("^-*[0-4]$", text);
            int digit = text[^1] - '0';
            return text.Length % 2 == 1 ? digit : (5 - digit) % 5;
        }
    }

    [GeneratedRegex("[-+]?[0-4](?:[*][0-4])*")]
    private static partial Regex Summand();

    [GeneratedRegex(@"\((-*[0-4])([-+*])(-*[0-4])\)")]
    private static partial Regex Bracket();

    [GeneratedRegex("^(a+)(b+)$")]
    private static partial Regex Blocks();
}
