namespace XLstm.Classification;

/// <summary>What of a CSV file means what.</summary>
public sealed record SequenceTableOptions
{
    /// <summary>The column of classes or targets; null: "label", "class", "target" or "y" if there is one, "y" only where no "z" is beside it.</summary>
    public string? Label { get; init; }

    /// <summary>
    /// The column that tells series apart of which each row is one step; null: "id", "series" or "case" if there is one. Without one, or where it is
    /// another one in each row, each row is a series.
    /// </summary>
    public string? Id { get; init; }

    /// <summary>
    /// The column of times, numbers or dates, by which the steps of a series are sorted; empty for none. Null: "time", "date", "timestamp" or "step" if there is one.
    /// Dates that could have the month first or the day are read as that which is in order.
    /// </summary>
    public string? Time { get; init; }

    /// <summary>The columns of the channels, or steps, in this order; others are left out. Null for all that mean nothing else.</summary>
    public IReadOnlyList<string>? Channels { get; init; }

    /// <summary>Whether each row is a step of a series, or else a whole series; null for what <see cref="Id"/> and <see cref="Window"/> say.</summary>
    public bool? RowsAreSteps { get; init; }

    /// <summary>Whether labels are numbers to be told, no classes.</summary>
    public bool Regression { get; init; }

    /// <summary>
    /// For records of a sensor that go on and on: steps of the windows that are cut of them, each a series of its own. Each row is a step then, of one record where no
    /// column tells several apart, and has a label of its own: a window has the class that most of its labelled steps have, of two the one that comes last, or the mean of their numbers.
    /// What is left at the end is no window, nor is what has no value. Null: series are whole.
    /// </summary>
    public int? Window { get; init; }

    /// <summary>Steps from the beginning of a window to that of the next; null for <see cref="Window"/>, windows side by side.</summary>
    public int? Every { get; init; }

    /// <summary>Whether this is how the files of a training were read: other files may lack labels, ids and times, and windows without a label count.</summary>
    internal bool Learned { get; init; }

    /// <exception cref="ArgumentException">A size is out of range, or options do not fit each other.</exception>
    internal void Validate()
    {
        if (Window is < 1 || Every is < 1)
            throw new ArgumentException($"Window and Every are {Window} and {Every}, expected 1 or more.");
        if (Every is not null && Window is null)
            throw new ArgumentException("Every is set and Window is not.");
        if (Window is not null && RowsAreSteps == false)
            throw new ArgumentException("Window is set, and RowsAreSteps is false: windows are cut of rows that are steps.");
        if (Channels is not null && (Channels.Count == 0 || Channels.Any(c => c is null)))
            throw new ArgumentException("Channels has no names, or one that is null.");
    }
}
