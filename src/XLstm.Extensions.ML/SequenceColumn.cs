using Microsoft.ML;
using Microsoft.ML.Data;
using XLstm.Classification;

namespace XLstm.Extensions.ML;

/// <summary>The column that a trainer of sequences reads: one series a row.</summary>
/// <param name="Name">Of the column.</param>
/// <param name="Channels">As for <see cref="XLstmSequenceOptions"/>.</param>
internal sealed record SequenceColumn(string Name, int Channels)
{
    /// <summary>The series of a row.</summary>
    public Func<TimeSeries> Reader(DataViewRow row, DataViewSchema.Column column)
    {
        Func<double[]> numbers = ColumnReader.Numbers(row, column);
        return () => Series(numbers());
    }

    /// <summary>The series and labels of all rows that have a label, which <paramref name="read"/> gives; of others it gives null.</summary>
    public (List<TimeSeries> Series, List<T> Labels) Read<T>(IDataView input, DataViewSchema.Column label, Func<DataViewRow, Func<T?>> read, CancellationToken cancellation)
        where T : class
    {
        DataViewSchema.Column column = ColumnReader.FindVectors(input.Schema, Name);
        var (all, labels) = (new List<TimeSeries>(), new List<T>());
        using DataViewRowCursor cursor = input.GetRowCursor([column, label]);
        Func<TimeSeries> series = Reader(cursor, column);
        Func<T?> next = read(cursor);
        while (cursor.MoveNext())
        {
            cancellation.ThrowIfCancellationRequested();
            if (next() is not { } known)
                continue;
            all.Add(series());
            labels.Add(known);
        }
        return all.Count > 0 ? (all, labels) : throw new ArgumentException($"No row has a label in the column {label.Name}: there is nothing to learn from.", nameof(input));
    }

    private TimeSeries Series(double[] values)
    {
        if (Channels == 1)
            return values;
        if (values.Length % Channels != 0)
            throw new ArgumentException($"A row of the column {Name} has {values.Length} values; expected a multiple of {Channels}, the channels of a step.");
        var channels = new double[Channels][];
        for (int c = 0; c < Channels; c++)
        {
            channels[c] = new double[values.Length / Channels];
            for (int t = 0; t < channels[c].Length; t++)
                channels[c][t] = values[(t * Channels) + c];
        }
        return new TimeSeries(channels);
    }
}
