using System.Runtime.InteropServices;
using System.Xml;
using System.Xml.Linq;

namespace XLstm;

/// <summary>The documentation of the .NET libraries as installed with the SDK, as plain English: some megabytes of text to learn from that every developer's machine has.</summary>
/// <remarks>
/// One line per documented member, in printable ASCII, nothing said twice. Types come in a fixed but mixed order, so that the last tenth is about the same things as the rest.
/// The text depends only on the files. It stays on the machine that has it: it is Microsoft's, not this library's.
/// </remarks>
public sealed class ApiDocumentation
{
    private ApiDocumentation(string root, IReadOnlyList<string> files) => (Root, Files) = (root, files);

    /// <summary>The directory of the .NET installation.</summary>
    public string Root { get; }

    /// <summary>The XML files, of each reference pack those of its newest version.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Looks where DOTNET_ROOT says, where the running runtime and the <c>dotnet</c> on the PATH are, and in the usual places.</summary>
    /// <returns>Null where no SDK is installed, or one without documentation.</returns>
    public static ApiDocumentation? Find() => Roots().Select(FindIn).FirstOrDefault(found => found is not null);

    /// <summary>The documentation of one .NET installation; null when it has none.</summary>
    public static ApiDocumentation? FindIn(string root)
    {
        ArgumentNullException.ThrowIfNull(root);
        var packs = Path.Combine(root, "packs");
        if (root.Length == 0 || !Directory.Exists(packs))
            return null;
        string[] files =
        [
            .. from pack in Directory.GetDirectories(packs, "*.Ref").Order(StringComparer.Ordinal)
               let version = Newest(Directory.GetDirectories(pack))
               where version is not null && Directory.Exists(Path.Combine(version, "ref"))
               let framework = Newest(Directory.GetDirectories(Path.Combine(version, "ref")))
               where framework is not null
               from file in Directory.GetFiles(framework, "*.xml").Order(StringComparer.Ordinal)
               select file,
        ];
        return files.Length > 0 ? new(root, files) : null;
    }

    /// <summary>Writes the text; lines end with a line feed, a blank line stands between types.</summary>
    public void WriteText(TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var sentences = new ApiSentences();
        var types = Files.SelectMany(Members).Select(sentences.Of).OfType<ApiSentences.Line>()
            .GroupBy(line => line.Type, StringComparer.Ordinal)
            .OrderBy(type => Hash(type.Key)).ThenBy(type => type.Key, StringComparer.Ordinal);
        var separator = "";
        foreach (var type in types)
        {
            writer.Write(separator);
            separator = "\n";
            foreach (var line in type)
            {
                writer.Write(line.Text);
                writer.Write('\n');
            }
        }
    }

    // FNV-1a, the same everywhere and always, unlike string.GetHashCode.
    private static uint Hash(string text) => text.Aggregate(2166136261u, (hash, c) => (hash ^ c) * 16777619u);

    private static IEnumerable<string> Roots()
    {
        yield return Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "";
        // <root>/shared/Microsoft.NETCore.App/<version>/
        yield return Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        var name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            var program = Path.Combine(folder, name);
            if (File.Exists(program))
                yield return Path.GetDirectoryName(LinkTarget(program))!;
        }
        yield return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".dotnet");
        string[] places = OperatingSystem.IsWindows()
            ? [Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles), "dotnet")]
            : ["/usr/share/dotnet", "/usr/lib/dotnet", "/usr/lib64/dotnet", "/usr/local/share/dotnet", "/opt/homebrew/opt/dotnet/libexec"];
        foreach (var place in places)
            yield return place;
    }

    private static string LinkTarget(string program)
    {
        try
        {
            return File.ResolveLinkTarget(program, returnFinalTarget: true)?.FullName ?? program;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return program;
        }
    }

    // Of 9.0.1, 10.0.0-rc.1 and net10.0: by the numbers, and a release before its previews.
    private static string? Newest(string[] directories) => directories
        .Select(path => (Path: path, Name: Path.GetFileName(path)))
        .Where(d => Number(d.Name) is not null)
        .OrderByDescending(d => Number(d.Name))
        .ThenBy(d => d.Name.Contains('-', StringComparison.Ordinal))
        .ThenByDescending(d => d.Name, StringComparer.Ordinal)
        .Select(d => d.Path)
        .FirstOrDefault();

    private static Version? Number(string name) =>
        Version.TryParse(name.Split('-')[0].TrimStart("netcoreappstandard".ToCharArray()), out var number) ? number : null;

    private static IEnumerable<XElement> Members(string file)
    {
        using var reader = XmlReader.Create(file, new() { DtdProcessing = DtdProcessing.Prohibit });
        for (var more = Step(reader.Read); more;)
        {
            if (reader.NodeType == XmlNodeType.Element && string.Equals(reader.Name, "member", StringComparison.Ordinal))
            {
                XElement? member = null;
                more = Step(() => (member = (XElement)XNode.ReadFrom(reader)) is not null);
                if (member is not null)
                    yield return member;
            }
            else
                more = Step(reader.Read);
        }

        // What follows damage in a file is left out: there is nothing that a reader of the text could do about it.
        static bool Step(Func<bool> step)
        {
            try
            {
                return step();
            }
            catch (XmlException)
            {
                return false;
            }
        }
    }
}
