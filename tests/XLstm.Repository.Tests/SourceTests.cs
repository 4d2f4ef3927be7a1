namespace XLstm.Repository.Tests;

public sealed class SourceTests
{
    private const long Megabyte = 1 << 20;

    // FusedMultiplyAdd is a library call for each lane where the processor has no such instruction: L.MultiplyAdd instead.
    [Theory]
    [InlineData("FusedMultiplyAdd")]
    [InlineData("TODO")]
    [InlineData("FIXME")]
    public void Sources_are_free_of(string word) => Assert.All(
        RepositoryFiles.Below("src/", ".cs"), file => Assert.DoesNotContain(word, RepositoryFiles.Read(file), StringComparison.Ordinal));

    [Fact]
    public void No_test_is_skipped()
    {
        string[] marks = ["Skip =", "SkipWhen =", "SkipUnless =", "Explicit ="];
        Assert.All(
            RepositoryFiles.Below("tests/", ".cs").Where(f => !f.EndsWith($"/{nameof(SourceTests)}.cs", StringComparison.Ordinal)),
            file => Assert.All(marks, mark => Assert.DoesNotContain(mark, RepositoryFiles.Read(file), StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("tests/testdata/", 12)]
    [InlineData("", 20)]
    public void The_repository_stays_small(string folder, int megabytes)
    {
        long bytes = RepositoryFiles.Below(folder, "").Sum(f => new FileInfo(Path.Combine(RepositoryFiles.Root, f)).Length);
        Assert.InRange(bytes, 1, megabytes * Megabyte);
    }
}
