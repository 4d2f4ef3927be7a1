using System.Globalization;

namespace XLstm.Classification;

/// <summary>What others reported on sets of the UCR and UEA archives, to stand beside ours: copied numbers, none computed here.</summary>
/// <param name="Set">As the archive calls it.</param>
/// <param name="Method">As its authors call it.</param>
/// <param name="Accuracy">On the test part, the mean over their runs.</param>
public sealed record PublishedAccuracy(string Set, string Method, double Accuracy)
{
    /// <summary>All that are known.</summary>
    public static IReadOnlyList<PublishedAccuracy> All { get; } = Read();

    /// <summary>What a method is reported to reach on a set, or null.</summary>
    public static double? Find(string set, string method) => All.FirstOrDefault(a => a.Set == set && a.Method == method)?.Accuracy;

    private static List<PublishedAccuracy> Read()
    {
        using Stream stream = typeof(PublishedAccuracy).Assembly.GetManifestResourceStream("published.csv")!;
        using var reader = new StreamReader(stream);
        string[] methods = [];
        var all = new List<PublishedAccuracy>();
        while (reader.ReadLine() is { } line)
        {
            string[] cells = line.Split(',');
            if (cells[0] == "set")
                methods = cells;
            else if (line[0] != '#')
                for (int i = 1; i < cells.Length; i++)
                    if (cells[i].Length > 0)
                        all.Add(new PublishedAccuracy(cells[0], methods[i], double.Parse(cells[i], CultureInfo.InvariantCulture)));
        }
        return all;
    }
}
