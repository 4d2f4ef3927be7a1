using System.Text.Json;
using System.Text.RegularExpressions;

namespace XLstm.Repository.Tests;

public sealed partial class DocumentationTests
{
    public static TheoryData<string> Pages => new(RepositoryFiles.Below("", ".md"));

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_lead_somewhere(string page) => Assert.All(new Markdown(page).Links, link =>
    {
        string[] parts = link.Split('#');
        string target = Path.GetFullPath(Path.Combine(RepositoryFiles.Root, Path.GetDirectoryName(page)!, parts[0]));
        if (parts[0].Length == 0)
            target = Path.Combine(RepositoryFiles.Root, page);
        Assert.True(Path.Exists(target), $"{page} links to {link}, which does not exist.");
        if (parts.Length > 1 && target.EndsWith(".md", StringComparison.Ordinal))
            Assert.Contains(parts[1], new Markdown(Path.GetRelativePath(RepositoryFiles.Root, target)).Anchors);
    });

    /// <summary>Code that is shown is code that runs: every C# block is a #region of a sample, letter for letter.</summary>
    [Theory]
    [MemberData(nameof(Pages))]
    public void Code_is_that_of_the_samples(string page) =>
        Assert.All(new Markdown(page).Fences.Where(f => f.Language == "csharp"), fence => Assert.Contains(fence.Text.Trim('\n'), Regions()));

    /// <summary>docs/blocks.md: the type that it names stands in the file that it links to, and every test that it names is one.</summary>
    [Fact]
    public void Elements_of_the_blocks_have_their_types_and_tests()
    {
        string[][] rows = [.. new Markdown("docs/blocks.md").Lines
            .Where(l => l.StartsWith('|') && !l.StartsWith("| Element", StringComparison.Ordinal) && !l.StartsWith("|-", StringComparison.Ordinal)).Select(l => l.Trim('|').Split('|'))];
        Assert.True(rows.Length >= 12, $"The table has {rows.Length} rows.");
        HashSet<string> tests = TestNames();
        Assert.All(rows, row =>
        {
            Assert.Equal(4, row.Length);
            MatchCollection types = LinkedType().Matches(row[2]);
            Assert.NotEmpty(types);
            Assert.All(types, m => Assert.Matches(
                $@"\b(class|record|struct|enum)\s+{m.Groups[1].Value}\b", RepositoryFiles.Read($"docs/{m.Groups[2].Value}".Replace("docs/../", "", StringComparison.Ordinal))));
            MatchCollection named = Code().Matches(row[3]);
            Assert.NotEmpty(named);
            Assert.All(named, m => Assert.Contains(m.Groups[1].Value, tests));
        });
    }

    /// <summary>`SomeTests.Some_test` and `SomeTests` on any page are there.</summary>
    [Theory]
    [MemberData(nameof(Pages))]
    public void Tests_that_are_named_exist(string page)
    {
        HashSet<string> tests = TestNames();
        HashSet<string> classes = [.. tests.Select(t => t.Split('.')[0])];
        Assert.All(new Markdown(page).Lines.SelectMany(line => NamedTest().Matches(line)), m =>
            Assert.Contains(m.Groups[1].Value, m.Groups[1].Value.Contains('.', StringComparison.Ordinal) ? tests : classes));
    }

    /// <summary>docs/files.md has every key of a config, a run and its log.</summary>
    [Fact]
    public void Every_key_is_documented()
    {
        IEnumerable<string> keys =
        [
            .. Matches("src/XLstm/Configuration/ModelConfigWriter.cs", WrittenKey()),
            .. Matches("src/XLstm.Training/MetricsLog.cs", WrittenKey()),
            .. Matches("src/XLstm.Training/RunOptions.cs", DocumentedParameter()).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName),
            .. Matches("src/XLstm.Training/LearningRateSchedule.cs", DocumentedParameter()).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName),
            .. Matches("src/XLstm.Forecasting/Training/ForecasterRunOptions.cs", DocumentedParameter()).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName),
        ];
        HashSet<string> documented = [.. new Markdown("docs/files.md").Lines.Where(l => l.StartsWith('|')).SelectMany(l => Word().Matches(l.Split('|')[1] + l.Split('|')[2])).Select(m => m.Value)];
        Assert.True(keys.Count() > 40, $"Found {keys.Count()} keys only.");
        Assert.Empty(keys.Except(["format", "version", "model", "mlstm"], StringComparer.Ordinal).Except(documented, StringComparer.Ordinal));
    }

    private static IEnumerable<string> Matches(string file, Regex pattern) => pattern.Matches(RepositoryFiles.Read(file)).Select(m => m.Groups[1].Value);

    private static IEnumerable<string> Regions() =>
        RepositoryFiles.Below("samples/", ".cs").SelectMany(f => Region().Matches(RepositoryFiles.Read(f))).Select(m => Outdent(m.Groups[1].Value));

    private static string Outdent(string code)
    {
        string[] lines = code.Trim('\n').Split('\n');
        int indent = lines.Where(l => l.Length > 0).Min(l => l.Length - l.TrimStart().Length);
        return string.Join('\n', lines.Select(l => l.Length > indent ? l[indent..] : ""));
    }

    // "Class.Method" of every method with [Fact] or [Theory].
    private static HashSet<string> TestNames()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (string text in RepositoryFiles.Below("tests/", ".cs").Select(RepositoryFiles.Read))
            foreach (Match test in Test().Matches(text))
                if (Class().Matches(text[..test.Index]).LastOrDefault() is { } owner)
                    names.Add($"{owner.Groups[1].Value}.{test.Groups[1].Value}");
        return names;
    }

    [GeneratedRegex(@"^ *#region [^\n]*\n(.*?)\n *#endregion", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Region();

    [GeneratedRegex(@"\[(?:Fact|Theory)\b.*?\]\s*(?:\[.*?\]\s*)*public (?:async )?(?:void|Task) (\w+)\(", RegexOptions.Singleline)]
    private static partial Regex Test();

    [GeneratedRegex(@"^public (?:sealed |static |abstract |partial )*class (\w+)", RegexOptions.Multiline)]
    private static partial Regex Class();

    [GeneratedRegex(@"\[`(\w+)[^`]*`\]\(([^)]+)\)")]
    private static partial Regex LinkedType();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"`(\w+Tests(?:\.\w+)?)`")]
    private static partial Regex NamedTest();

    [GeneratedRegex(@"Write\w+\(""(\w+)")]
    private static partial Regex WrittenKey();

    [GeneratedRegex("""<param name="([A-Z]\w+)">""")]
    private static partial Regex DocumentedParameter();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();
}
