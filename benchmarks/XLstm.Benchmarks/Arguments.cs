namespace XLstm.Benchmarks;

/// <summary>Words of a command line that are taken one by one.</summary>
internal sealed class Arguments(IReadOnlyList<string> words)
{
    private readonly List<string> _words = [.. words];

    /// <summary>What nobody has asked for yet.</summary>
    public string[] Rest => [.. _words];

    public bool Flag(string name) => _words.Remove(name);

    /// <summary>The words that follow each occurrence of a name.</summary>
    public string[] Values(string name)
    {
        var values = new List<string>();
        for (int at = _words.IndexOf(name); at >= 0 && at + 1 < _words.Count; at = _words.IndexOf(name))
        {
            values.Add(_words[at + 1]);
            _words.RemoveRange(at, 2);
        }
        return [.. values];
    }
}
