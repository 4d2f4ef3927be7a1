using System.Text.RegularExpressions;

namespace XLstm.Repository.Tests;

/// <summary>As much of a Markdown page as the tests need.</summary>
internal sealed partial class Markdown
{
    private readonly List<string> _prose = [];
    private readonly List<Fence> _fences = [];

    public Markdown(string file)
    {
        List<string>? code = null;
        string language = "";
        foreach (string line in RepositoryFiles.Read(file).Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                if (code is not null)
                    _fences.Add(new Fence(language, Heading(), string.Join('\n', code)));
                (code, language) = code is null ? (new List<string>(), line[3..].Trim()) : (null, "");
            }
            else
                (code ?? _prose).Add(line);
        }
    }

    public IReadOnlyList<Fence> Fences => _fences;

    public IReadOnlyList<string> Lines => _prose;

    /// <summary>Targets of links and pictures, those on the web left out.</summary>
    public IEnumerable<string> Links =>
        _prose.SelectMany(line => Link().Matches(line)).Select(m => m.Groups[1].Value)
            .Where(t => !t.Contains("://", StringComparison.Ordinal) && !t.StartsWith("mailto:", StringComparison.Ordinal));

    /// <summary>What may stand after # in a link to this page.</summary>
    public IEnumerable<string> Anchors => _prose.Where(l => l.StartsWith('#')).Select(Anchor);

    private static string Anchor(string heading) => string.Concat(
        heading.TrimStart('#').Trim().ToLowerInvariant().Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_').Select(c => c == ' ' ? '-' : c));

    private string Heading() => _prose.FindLast(l => l.StartsWith('#'))?.TrimStart('#').Trim() ?? "";

    [GeneratedRegex("""(?:\]\(|src=")([^)"\s]+)""")]
    private static partial Regex Link();

    /// <summary>A block of code with the last heading above it.</summary>
    public sealed record Fence(string Language, string Heading, string Text);
}
