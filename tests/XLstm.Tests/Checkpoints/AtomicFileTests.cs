namespace XLstm.Tests.Checkpoints;

public sealed class AtomicFileTests
{
    [Fact]
    public void A_failure_keeps_the_old_content_and_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.txt", "old");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write(new byte[100_000]);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_full_disk_is_an_error_that_names_the_file()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.txt", "old");
        var error = Assert.Throws<IOException>(() => AtomicFile.Write(path, _ => throw new IOException("No space left on device")));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("No space left", error.Message, StringComparison.Ordinal);
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Replaces_a_file_and_creates_its_folder()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "deep", "er", "a.txt");
        AtomicFile.Write(path, stream => stream.Write("one"u8));
        AtomicFile.Write(path, stream => stream.Write("two"u8));
        Assert.Equal("two", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_an_error_that_names_it()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.File("file", ""), "a.txt");
        Assert.Contains("a.txt", Assert.Throws<IOException>(() => AtomicFile.Write(path, _ => { })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_stays_a_link()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.txt", "old");
        var link = Path.Combine(folder.Path, "link.txt");
        File.CreateSymbolicLink(link, path);
        AtomicFile.Write(link, stream => stream.Write("new"u8));
        Assert.Equal((path, "new"), (File.ResolveLinkTarget(link, true)!.FullName, File.ReadAllText(path)));
    }

    [Fact]
    public void A_device_is_written_to_and_stays_what_it_is()
    {
        if (OperatingSystem.IsWindows())
            return;
        AtomicFile.Write("/dev/null", stream => stream.Write("gone"u8));
        Assert.Empty(File.ReadAllText("/dev/null"));
    }
}
