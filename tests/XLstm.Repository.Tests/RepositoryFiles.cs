namespace XLstm.Repository.Tests;

/// <summary>The files of the repository that this test was built from.</summary>
internal static class RepositoryFiles
{
    private static readonly string[] s_folders = ["src", "tests", "samples", "benchmarks", "docs", "eng", ".ci", ".github"];
    private static readonly string[] s_output = ["bin", "obj", "TestResults"];

    public static string Root { get; } = FindRoot();

    /// <summary>Everything in the root itself and in its folders, build output left out; paths from the root with slashes.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        .. Directory.EnumerateFiles(Root).Concat(s_folders.Select(f => Path.Combine(Root, f)).Where(Directory.Exists).SelectMany(Walk))
            .Select(f => Path.GetRelativePath(Root, f).Replace('\\', '/')).Order(StringComparer.Ordinal),
    ];

    public static IEnumerable<string> Below(string folder, string extension) =>
        All.Where(f => f.StartsWith(folder, StringComparison.Ordinal) && f.EndsWith(extension, StringComparison.Ordinal));

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file)).ReplaceLineEndings("\n");

    private static IEnumerable<string> Walk(string folder) =>
        Directory.EnumerateFiles(folder).Concat(
            Directory.EnumerateDirectories(folder).Where(d => !s_output.Contains(Path.GetFileName(d), StringComparer.Ordinal)).SelectMany(Walk));

    private static string FindRoot()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
            if (File.Exists(Path.Combine(folder, "XLstm.slnx")))
                return folder;
        throw new DirectoryNotFoundException($"No XLstm.slnx above {AppContext.BaseDirectory}.");
    }
}
