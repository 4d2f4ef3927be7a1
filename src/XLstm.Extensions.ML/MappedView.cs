using Microsoft.ML;

namespace XLstm.Extensions.ML;

/// <summary>Data with the columns of a <see cref="RowMap"/>.</summary>
/// <param name="input">What is mapped.</param>
/// <param name="map">The columns.</param>
/// <param name="inOrder">A row depends on those before it: they come in their order and in one stream.</param>
internal sealed class MappedView(IDataView input, RowMap map, bool inOrder) : IDataView
{
    public DataViewSchema Schema => map.OutputSchema;

    public bool CanShuffle => !inOrder && input.CanShuffle;

    public long? GetRowCount() => input.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        bool[] needed = map.Needed(columnsNeeded);
        return new MappedRow(map, input.GetRowCursor(Dependencies(needed), inOrder ? null : rand), needed);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        if (inOrder)
            return [GetRowCursor(columnsNeeded)];
        bool[] needed = map.Needed(columnsNeeded);
        return [.. input.GetRowCursorSet(Dependencies(needed), n, rand).Select(cursor => new MappedRow(map, cursor, needed))];
    }

    private IEnumerable<DataViewSchema.Column> Dependencies(bool[] needed) => map.GetDependencies(Schema.Where(column => needed[column.Index]));
}
