namespace XLstm.Tests;

/// <summary>Files beside the tests, found from wherever the test program runs, and folders that go away again.</summary>
internal static class TestData
{
    private static readonly string Root = FindRoot();

    internal static string Golden(string name) => File(Path.Combine("golden", name));

    internal static string File(string name) => Path.Combine(Root, "tests", "testdata", name);

    private static string FindRoot()
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (System.IO.File.Exists(Path.Combine(directory, "XLstm.slnx")))
                return directory;
        }
        throw new DirectoryNotFoundException("XLstm.slnx is in no folder above " + AppContext.BaseDirectory);
    }
}

internal sealed class TemporaryFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("xlstm-test-").FullName;

    internal string File(string name, string text)
    {
        var path = System.IO.Path.Combine(Path, name);
        System.IO.File.WriteAllText(path, text);
        return path;
    }

    internal string File(string name, ReadOnlySpan<byte> bytes)
    {
        var path = System.IO.Path.Combine(Path, name);
        System.IO.File.WriteAllBytes(path, bytes);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
