namespace XLstm.Cli;

/// <summary>Files that a command is going to write. They go into folders that are there: a path with a typing error makes no new one.</summary>
internal static class OutputFile
{
    /// <summary>Fails before any work is done if a file could not be written, or its name does not end as one of <paramref name="endings"/>, where there are any.</summary>
    public static void Check(string option, string? file, params string[] endings)
    {
        if (file is null)
            return;
        if (file.Length == 0)
            throw new UsageMistake($"{option} expects a file name.");
        if (endings.Length > 0 && !endings.Any(ending => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))
            throw new UsageMistake($"{option} is \"{file}\"; expected the name of a file that ends in {string.Join(" or ", endings)}.");
        if (Directory.Exists(file))
            throw new CommandError($"{file}: {option} expects a file, found a directory.");
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder && !Directory.Exists(folder))
            throw new CommandError($"{file}: there is no such directory, {folder}.");
    }

    /// <summary>Fails if a file to write is the one that is read, or one of a directory that is read, by whatever path.</summary>
    public static void CheckApart(string option, string? file, string? input)
    {
        if (file is not null && Directory.Exists(input) && File.Exists(file)
            && Real(file).StartsWith(Path.TrimEndingDirectorySeparator(Real(input)) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new CommandError($"{file}: {option} would replace a file of what is read, {input}. Name another one.");
        if (file is not null && input is not null && File.Exists(file) && string.Equals(Real(file), Real(input), StringComparison.Ordinal))
            throw new CommandError($"{file}: {option} would replace the file that is read. Name another one.");
    }

    private static string Real(string file) => File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(file);
}
