using Microsoft.ML;
using Microsoft.ML.Data;

namespace XLstm.Extensions.ML;

/// <summary>Columns that are computed from one column and stand after those that are there, which stay.</summary>
/// <param name="input">What is there.</param>
/// <param name="reads">The column that they are computed from.</param>
/// <param name="added">What they are.</param>
internal abstract class RowMap(DataViewSchema input, DataViewSchema.Column reads, IReadOnlyList<DataViewSchema.DetachedColumn> added) : IRowToRowMapper
{
    public DataViewSchema InputSchema => input;

    public DataViewSchema OutputSchema { get; } = Schema(input, added);

    /// <summary>The column that is read.</summary>
    protected DataViewSchema.Column Reads => reads;

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        bool[] needed = Needed(dependingColumns);
        return input.Where(column => needed[column.Index] || (column.Index == reads.Index && needed.AsSpan(input.Count).Contains(true)));
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) => new MappedRow(this, input, Needed(activeColumns));

    /// <summary>The values of the added columns for the row wherever it stands; asked for only if one of them is needed.</summary>
    public abstract RowValues Open(DataViewRow row);

    /// <summary>By place in the output, whether a column is among these.</summary>
    public bool[] Needed(IEnumerable<DataViewSchema.Column> columns)
    {
        var needed = new bool[OutputSchema.Count];
        foreach (DataViewSchema.Column column in columns)
            needed[column.Index] = true;
        return needed;
    }

    private static DataViewSchema Schema(DataViewSchema input, IReadOnlyList<DataViewSchema.DetachedColumn> added)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(input);
        builder.AddColumns(added);
        return builder.ToSchema();
    }
}

/// <summary>The added values of one row after the other.</summary>
internal abstract class RowValues
{
    /// <summary>The getter of an added column, a <see cref="ValueGetter{TValue}"/> of its type.</summary>
    public abstract Delegate Getter(int added);

    /// <summary>Called when a cursor stands on the next row.</summary>
    public virtual void Moved()
    {
    }
}
