using Microsoft.ML;

namespace XLstm.Extensions.ML.Tests;

/// <summary>Data that knows who asked for what.</summary>
internal sealed class CountingView(IDataView input) : IDataView
{
    public int Cursors { get; private set; }

    /// <summary>Columns of the last cursor.</summary>
    public IReadOnlyList<string> Asked { get; private set; } = [];

    public DataViewSchema Schema => input.Schema;

    public bool CanShuffle => input.CanShuffle;

    public long? GetRowCount() => input.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        Note(columnsNeeded);
        return input.GetRowCursor(columnsNeeded, rand);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        Note(columnsNeeded);
        return input.GetRowCursorSet(columnsNeeded, n, rand);
    }

    private void Note(IEnumerable<DataViewSchema.Column> columns)
    {
        Cursors++;
        Asked = [.. columns.Select(c => c.Name)];
    }
}
