using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace XLstm;

/// <summary>Turns the XML documentation of members into sentences; says nothing twice.</summary>
internal sealed partial class ApiSentences
{
    private readonly HashSet<string> said = new(StringComparer.Ordinal);

    internal sealed record Line(string Type, string Text);

    /// <summary>The line of a member; null when it has no documentation, or none that is new.</summary>
    internal Line? Of(XElement member)
    {
        var id = member.Attribute("name")?.Value ?? "";
        // Explicit implementations (#) and the thousands of one-instruction intrinsics are no reading.
        if (id.Length < 3 || id.Contains('#', StringComparison.Ordinal) && !id.Contains("#ctor", StringComparison.Ordinal) || id.Contains("System.Runtime.Intrinsics", StringComparison.Ordinal))
            return null;
        var summary = Sentence(member.Element("summary"));
        if (summary.Length == 0 || !IsNew(summary))
            return null;
        var text = new StringBuilder(summary);
        Append(text, Returns(Sentence(member.Element("returns"))));
        foreach (var parameter in member.Elements("param"))
            Append(text, Parameter(parameter.Attribute("name")?.Value ?? "", Sentence(parameter)));
        Append(text, Sentence(member.Element("remarks")));
        var (type, name) = ApiNames.Member(id);
        return new(type, $"{name}: {text}");
    }

    // Overloads and properties repeat one another: once is enough to learn from.
    private void Append(StringBuilder text, string sentence)
    {
        if (sentence.Length > 0 && IsNew(sentence))
            text.Append(' ').Append(sentence);
    }

    // Holes such as {0} are messages to be filled in, which some assemblies document as their members.
    private bool IsNew(string sentence) => Ascii.IsPlain(sentence) && !sentence.Contains("{0}", StringComparison.Ordinal) && said.Add(sentence);

    private static string Returns(string text) => text.Length == 0 ? "" : "Returns " + Inner(text);

    private static string Parameter(string name, string text) => text.Length == 0 || name.Length == 0 ? "" : $"{name} is {Inner(text)}";

    // The beginning of a sentence that now stands within one.
    private static string Inner(string text) => Article().IsMatch(text) ? char.ToLowerInvariant(text[0]) + text[1..] : text;

    private static string Sentence(XElement? element)
    {
        if (element is null)
            return "";
        var raw = new StringBuilder();
        Collect(element, raw);
        var text = Space().Replace(Ascii.Plain(raw.ToString()), " ").Trim();
        text = BeforePunctuation().Replace(text, "$1");
        return text.Length == 0 || text[^1] is '.' or '!' or '?' or ':' ? text : text + ".";
    }

    private static void Collect(XElement element, StringBuilder text)
    {
        foreach (var node in element.Nodes())
        {
            if (node is XText plain)
                text.Append(plain.Value);
            else if (node is XElement child)
                CollectElement(child, text);
        }
    }

    private static void CollectElement(XElement element, StringBuilder text)
    {
        switch (element.Name.LocalName)
        {
            // Programs, marked-up pages and tables are no sentences.
            case "code" or "example" or "format" or "img" or "table":
            case "list" when element.Attribute("type")?.Value is "table":
                break;
            case "see" or "seealso" when element.IsEmpty || element.Value.Length == 0:
                text.Append(element.Attribute("langword")?.Value ?? ApiNames.Reference(element.Attribute("cref")?.Value) ?? element.Attribute("href")?.Value);
                break;
            case "paramref" or "typeparamref":
                text.Append(element.Attribute("name")?.Value);
                break;
            case "para" or "br" or "p" or "item" or "description" or "term":
                text.Append(' ');
                Collect(element, text);
                text.Append(' ');
                break;
            default:
                Collect(element, text);
                break;
        }
    }

    [GeneratedRegex(@"^(The|A|An|One|This|These|If|When|Contains|Always|Either|Zero) ")]
    private static partial Regex Article();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@" ([.,;:)])(?= |$)")]
    private static partial Regex BeforePunctuation();
}
