namespace XLstm;

/// <summary>The licence of weights, from what lies beside them.</summary>
internal static class WeightsLicense
{
    internal const string NxAi = "NXAI Community License (notice \"Built with technology from NXAI\"; a commercial licence above EUR 100 million of revenue)";

    private const int MostBytes = 1 << 16;
    private const string Card = "README.md";

    private static readonly string[] Names = ["LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "LICENCE.txt", "LICENCE.md", "License.txt", "license.txt", "COPYING", Card];

    private static readonly (string Phrase, string Name)[] Texts =
    [
        ("nxai community license", NxAi), ("apache license", "Apache License 2.0"), ("mit license", "MIT"), ("permission is hereby granted, free of charge", "MIT"),
        ("bsd 3-clause", "BSD 3-Clause"), ("redistribution and use in source and binary forms", "BSD"), ("gnu affero general public license", "AGPL"), ("gnu lesser general public license", "LGPL"),
        ("gnu general public license", "GPL"), ("attribution-noncommercial", "Creative Commons, not for commercial use"), ("creative commons", "Creative Commons"),
    ];

    /// <summary>Of a LICENSE file or the head of a README, beside the weights or one directory above; null where there is neither.</summary>
    internal static string? Find(string path)
    {
        string? directory = Path.GetFullPath(Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!);
        for (int up = 0; up < 2 && directory is not null; up++, directory = Path.GetDirectoryName(directory))
            if (In(directory, up == 0 ? "" : "../") is { } found)
                return found;
        return null;
    }

    private static string? In(string directory, string where)
    {
        try
        {
            foreach (string name in Names)
            {
                string file = Path.Combine(directory, name);
                if (File.Exists(file) && (name == Card ? FrontMatter(Head(file)) : Of(Head(file))) is { } license)
                    return $"{license}, says {where}{name}";
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
        return null;
    }

    private static string? Of(string text) =>
        Texts.Where(t => text.Contains(t.Phrase, StringComparison.OrdinalIgnoreCase)).Select(t => t.Name).FirstOrDefault();

    // The head of a model card: lines between --- and ---, "license_name: x" before "license: other".
    private static string? FrontMatter(string text)
    {
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        if (lines[0].Trim() != "---")
            return null;
        string? license = null;
        foreach (string line in lines.Skip(1).TakeWhile(l => l.Trim() != "---").Take(200))
        {
            string[] parts = line.Split(':', 2);
            string value = parts.Length == 2 ? parts[1].Trim().Trim('"', '\'') : "";
            if (value.Length is > 0 and < 80 && (parts[0] == "license_name" || (parts[0] == "license" && license is null)))
                license = value;
        }
        return license is not null && license.Contains("nxai", StringComparison.OrdinalIgnoreCase) ? NxAi : license;
    }

    private static string Head(string file)
    {
        using FileStream stream = File.OpenRead(file);
        var bytes = new byte[Math.Min(stream.Length, MostBytes)];
        int read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return System.Text.Encoding.UTF8.GetString(bytes.AsSpan(0, read));
    }
}
