namespace XLstm;

/// <summary>A file of a model, a run or a session is not what it should be: says which file, what in it, what was expected, what was found and what to do.</summary>
public sealed class CheckpointException : IOException
{
    public CheckpointException(string path, string what, string? expected = null, string? found = null, string? advice = null, Exception? inner = null)
        : base(Describe(path, what, expected, found, advice), inner)
    {
        (Path, What, Expected, Found, Advice) = (path, what, expected, found, advice);
    }

    /// <summary>The file or directory.</summary>
    public string Path { get; }

    /// <summary>The part of the file that is wrong: a tensor, a key, the header.</summary>
    public string What { get; }

    public string? Expected { get; }

    public string? Found { get; }

    /// <summary>What the reader of the message can do about it.</summary>
    public string? Advice { get; }

    private static string Describe(string path, string what, string? expected, string? found, string? advice)
    {
        var message = $"{path}: {what}";
        if (expected is not null)
            message += $": expected {expected}";
        if (found is not null)
            message += expected is null ? $": found {found}" : $", found {found}";
        return advice is null ? message : $"{message}. {advice}";
    }
}
