using System.Text;

namespace XLstm.Cli.Runs;

/// <summary>The text to learn from: the user's, or the documentation that every .NET developer has.</summary>
internal static class TrainingText
{
    private const string DocumentationFile = "dotnet-documentation.txt";

    /// <summary>Path and description of the user's text.</summary>
    public static (string Path, string Description) Of(string file) =>
        (Path.GetFullPath(file), file + (File.Exists(file) ? $", {Report.Bytes(new FileInfo(file).Length)}" : ""));

    /// <summary>Path and description of the documentation, written as a text into <paramref name="directory"/>.</summary>
    /// <exception cref="CommandError">This machine has none.</exception>
    public static (string Path, string Description) Of(ApiDocumentation? documentation, string directory)
    {
        if (documentation is null)
            throw new CommandError("no text was named, and this machine has no .NET SDK documentation to learn from (packs/*.Ref/*/ref/*/*.xml). Name a text file: xlstm train FILE");
        string path = Path.GetFullPath(Path.Combine(directory, DocumentationFile));
        AtomicFile.Write(path, stream =>
        {
            using var writer = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true);
            documentation.WriteText(writer);
        });
        return (path, $"the documentation of the .NET SDK in {documentation.Root}, {Report.Bytes(new FileInfo(path).Length)} (no file was named)");
    }
}
