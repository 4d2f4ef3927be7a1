using Microsoft.ML;
using Microsoft.ML.Data;

namespace XLstm.Extensions.ML;

/// <summary>A row with the columns of a <see cref="RowMap"/>; a cursor, where the row that it reads is one. Nothing is computed before it is asked for.</summary>
internal sealed class MappedRow(RowMap map, DataViewRow input, bool[] active) : DataViewRowCursor
{
    private readonly RowValues? _values = active.AsSpan(map.InputSchema.Count).Contains(true) ? map.Open(input) : null;

    public override DataViewSchema Schema => map.OutputSchema;

    public override long Position => input.Position;

    public override long Batch => input.Batch;

    public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

    public override bool IsColumnActive(DataViewSchema.Column column) => active[Own(column).Index];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        column = Own(column);
        if (!active[column.Index])
            throw new ArgumentException($"The column {column.Name} is not among those that were asked for.", nameof(column));
        int count = map.InputSchema.Count;
        return column.Index < count
            ? input.GetGetter<TValue>(input.Schema[column.Index])
            : _values!.Getter(column.Index - count) as ValueGetter<TValue>
                ?? throw new ArgumentException($"The column {column.Name} is {column.Type}; it was asked for as {typeof(TValue)}.", nameof(column));
    }

    public override bool MoveNext()
    {
        bool moved = ((DataViewRowCursor)input).MoveNext();
        if (moved)
            _values?.Moved();
        return moved;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            input.Dispose();
        base.Dispose(disposing);
    }

    private DataViewSchema.Column Own(DataViewSchema.Column column) => column.Index < Schema.Count && Schema[column.Index].Name == column.Name
        ? Schema[column.Index]
        : throw new ArgumentException($"The column {column.Name} is none of this row.", nameof(column));
}
