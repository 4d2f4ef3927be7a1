using XLstm.Benchmarks.Comparison;
using XLstm.Benchmarks.Reports;

namespace XLstm.Repository.Tests;

/// <summary>docs/performance.md says what benchmarks/results says.</summary>
public sealed class PerformancePageTests
{
    private const string Page = "docs/performance.md";

    private static Results[] Committed => [.. RepositoryFiles.Below("benchmarks/results/", ".json").Select(f => Results.Parse(RepositoryFiles.Read(f)))];

    /// <summary>Where it fails: dotnet run -c Release --project benchmarks/XLstm.Benchmarks -- report</summary>
    [Fact]
    public void The_page_is_made_from_the_results()
    {
        string page = RepositoryFiles.Read(Page);
        Assert.NotEmpty(Committed);
        Assert.Equal(PerformancePage.Renew(page, Committed), page);
    }

    [Fact]
    public void Every_picture_of_the_page_is_there_and_every_picture_is_shown()
    {
        string page = RepositoryFiles.Read(Page);
        string[] pictures = [.. RepositoryFiles.Below("docs/images/performance-", ".png")];
        Assert.Equal(4, pictures.Length);
        Assert.All(pictures, picture => Assert.Contains($"({picture["docs/".Length..]})", page, StringComparison.Ordinal));
    }

    /// <summary>A row that is measured again replaces the older one; others stay, in their order.</summary>
    [Fact]
    public void Rows_are_renewed_one_by_one()
    {
        Row Make(string id, double value) => new(id, "t", 1, "ms", new Figure(value, value, value), null, null, null, new Target(2, AtLeast: false, OfRatio: false), "c");
        var results = new Results(new Machine("cpu", 1, "simd", "os", "net"), [Make("a/1", 1), Make("b/1", 2)]);
        Results renewed = results.With([Make("c/1", 5), Make("a/1", 3)]);
        Assert.Equal(["a/1", "b/1", "c/1"], renewed.Rows.Select(r => r.Id));
        Assert.Equal([false, true, false], renewed.Rows.Select(r => r.Met));
        string file = Path.GetTempFileName();
        renewed.Write(file);
        Results read = Results.Read(file);
        File.Delete(file);
        Assert.Equal(renewed.Machine, read.Machine);
        Assert.Equal(renewed.Rows, read.Rows);
    }

    /// <summary>A ratio that was not measured meets nothing and misses nothing.</summary>
    [Fact]
    public void A_row_without_its_peer_is_not_judged()
    {
        Figure one = new(1, 1, 1), half = new(0.5, 0.4, 0.6);
        Row alone = new("a/1", "t", 1, "ms", one, null, null, null, new Target(0.7, AtLeast: false), "c"), beside = alone with { Peer = "p", Theirs = one, Ratio = half };
        Assert.Null(alone.Met);
        Assert.True(beside.Met);
        Assert.False((beside with { Target = new Target(0.7, AtLeast: true) }).Met);
        Assert.Null((beside with { Target = null }).Met);
        Assert.Contains("0.500 (0.400 to 0.600) | ≤ 0.700 | met |", RowTable.Markdown([beside]).Last(), StringComparison.Ordinal);
    }

    /// <summary>Medians of an odd and an even number of rounds.</summary>
    [Fact]
    public void Figures_are_medians()
    {
        Assert.Equal(new Figure(2, 1, 9), Figure.Of([9, 1, 2]));
        Assert.Equal(new Figure(3, 1, 9), Figure.Of([9, 1, 2, 4]));
    }
}
