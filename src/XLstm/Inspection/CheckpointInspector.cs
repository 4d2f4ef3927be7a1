namespace XLstm;

/// <summary>
/// Says what a checkpoint is, whatever its format: layout, sizes, what is missing or unexpected, and what to do with it. Nothing is
/// executed, no model is built, and what is read is bounded by the file.
/// </summary>
public static class CheckpointInspector
{
    /// <summary>Looks at a file or a directory. What is wrong with it is a finding, not an exception.</summary>
    /// <param name="path">A model directory, a file of weights, a session, a config, a tokenizer, or anything else.</param>
    /// <param name="values">Whether all numbers are read, to find those that are not finite; otherwise headers only.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="FileNotFoundException">There is nothing at the path.</exception>
    public static CheckpointReport Inspect(string path, bool values = true, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var inspection = new Inspection(path, values, cancellation);
        if (Directory.Exists(path))
            inspection.OfDirectory();
        else if (File.Exists(path))
            inspection.OfFile(path);
        else
            throw new FileNotFoundException($"{path}: there is no such file or directory.", path);
        return inspection.Report();
    }
}
