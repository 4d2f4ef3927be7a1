using Microsoft.ML;
using Microsoft.ML.Data;

namespace XLstm.Extensions.ML;

/// <summary>Finds columns, says what is wrong with them, and reads their numbers.</summary>
internal static class ColumnReader
{
    public static DataViewSchema.Column Find(DataViewSchema schema, string name) => schema.GetColumnOrNull(name)
        ?? throw new ArgumentException($"There is no column {name}; there are {Names(schema.Where(c => !c.IsHidden).Select(c => c.Name))}.", nameof(schema));

    public static SchemaShape.Column Find(SchemaShape schema, string name) => schema.Any(c => c.Name == name)
        ? schema.First(c => c.Name == name)
        : throw new ArgumentException($"There is no column {name}; there are {Names(schema.Select(c => c.Name))}.", nameof(schema));

    /// <summary>A column of one series a row.</summary>
    public static DataViewSchema.Column FindVectors(DataViewSchema schema, string name)
    {
        DataViewSchema.Column column = Find(schema, name);
        return column.Type is VectorDataViewType vector && IsReal(vector.ItemType) ? column : throw UnfitVectors(name, column.Type.ToString()!);
    }

    /// <summary>Whether it will be a column of one series a row.</summary>
    public static void CheckVectors(SchemaShape schema, string name)
    {
        SchemaShape.Column column = Find(schema, name);
        if (column.Kind == SchemaShape.Column.VectorKind.Scalar || column.IsKey || !IsReal(column.ItemType))
            throw UnfitVectors(name, Describe(column));
    }

    public static string Describe(SchemaShape.Column column) => $"{column.Kind} of {(column.IsKey ? "keys" : column.ItemType)}";

    public static ArgumentException Unfit(string name, string found, string expected) =>
        new($"The column {name} is {found}; expected {expected}.");

    public static bool IsReal(DataViewType type) => type == NumberDataViewType.Single || type == NumberDataViewType.Double;

    /// <summary>The number of a row, from a column of Single or Double.</summary>
    public static Func<double> Number(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type == NumberDataViewType.Double)
        {
            ValueGetter<double> getDouble = row.GetGetter<double>(column);
            return () =>
            {
                double value = 0;
                getDouble(ref value);
                return value;
            };
        }
        ValueGetter<float> getSingle = row.GetGetter<float>(column);
        return () =>
        {
            float value = 0;
            getSingle(ref value);
            return value;
        };
    }

    /// <summary>The numbers of a row, from a column of vectors of Single or Double. What a sparse vector leaves out is 0.</summary>
    public static Func<double[]> Numbers(DataViewRow row, DataViewSchema.Column column)
    {
        if (((VectorDataViewType)column.Type).ItemType == NumberDataViewType.Double)
        {
            ValueGetter<VBuffer<double>> getDoubles = row.GetGetter<VBuffer<double>>(column);
            VBuffer<double> doubles = default;
            return () =>
            {
                getDoubles(ref doubles);
                var values = new double[doubles.Length];
                doubles.CopyTo(values);
                return values;
            };
        }
        ValueGetter<VBuffer<float>> getSingles = row.GetGetter<VBuffer<float>>(column);
        VBuffer<float> singles = default;
        return () =>
        {
            getSingles(ref singles);
            return [.. singles.DenseValues()];
        };
    }

    private static ArgumentException UnfitVectors(string name, string found) => Unfit(
        name, found, "vectors of Single or Double, one series a row: mlContext.Transforms.Concatenate makes them of columns, mlContext.Transforms.Conversion.ConvertType of other numbers");

    private static string Names(IEnumerable<string> names) => string.Join(", ", names.DefaultIfEmpty("none"));
}
