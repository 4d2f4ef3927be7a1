using System.Text;

namespace XLstm;

/// <summary>The identifiers of XML documentation, such as <c>M:System.String.IndexOf(System.Char)</c>, as one would write them.</summary>
internal static class ApiNames
{
    /// <summary>The full name of the declaring type, and the name of the member as people write it: <c>String.IndexOf(Char)</c>.</summary>
    internal static (string Type, string Name) Member(string id)
    {
        var (kind, path, parameters) = Split(id);
        if (kind == 'T')
            return (path, Short(path));
        var dot = path.LastIndexOf('.');
        if (dot < 0)
            return ("", path);
        var (type, name) = (path[..dot], WithoutArity(path[(dot + 1)..]));
        var display = name is "#ctor" or "#cctor" ? $"new {Short(type)}" : $"{Short(type)}.{name}";
        return (type, kind == 'M' ? $"{display}({parameters})" : display);
    }

    /// <summary>What a reference in running text is called: as <see cref="Member"/>.</summary>
    internal static string? Reference(string? cref) => cref is { Length: > 2 } ? Member(cref).Name : null;

    private static (char Kind, string Path, string Parameters) Split(string id)
    {
        var (kind, rest) = id[1] == ':' ? (id[0], id[2..]) : ('T', id);
        // A conversion has its result after a tilde.
        rest = rest.Split('~')[0];
        var open = rest.IndexOf('(', StringComparison.Ordinal);
        return open < 0 ? (kind, rest, "") : (kind, rest[..open], Parameters(rest[(open + 1)..].TrimEnd(')')));
    }

    private static string Short(string path) => WithoutArity(path[(path.LastIndexOf('.') + 1)..]);

    private static string WithoutArity(string name)
    {
        var tick = name.IndexOf('`', StringComparison.Ordinal);
        return tick < 0 ? name : name[..tick];
    }

    // System.Collections.Generic.List{`0},System.Int32@ becomes List<T>, ref Int32.
    private static string Parameters(string list)
    {
        var (text, name) = (new StringBuilder(), new StringBuilder());
        foreach (var c in list)
        {
            if (char.IsLetterOrDigit(c) || c is '_' or '.' or '`')
            {
                name.Append(c);
                continue;
            }
            Take();
            text.Append(c switch { '{' => "<", '}' => ">", ',' => ", ", '@' => "&", _ => c.ToString() });
        }
        Take();
        return text.ToString();

        void Take()
        {
            if (name.Length > 0)
                text.Append(name[0] == '`' ? TypeParameter(name.ToString()) : Short(name.ToString()));
            name.Clear();
        }
    }

    private static string TypeParameter(string ticks) =>
        int.TryParse(ticks.TrimStart('`'), out var index) && index is > 0 and < 5 ? "TUVWX"[index].ToString() : "T";
}
