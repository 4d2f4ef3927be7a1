using Microsoft.ML;
using Microsoft.ML.Data;

namespace XLstm.Extensions.ML;

/// <summary>The classes that a label column has, in the order of the scores.</summary>
/// <param name="Type">Name of the <see cref="LabelType"/> of the labels, or of the values behind the keys.</param>
/// <param name="IsKey">Whether the column has keys: 1 is the first class.</param>
/// <param name="Labels">The classes as text; of keys the values behind them, where they have any.</param>
internal sealed record ClassColumn(string Type, bool IsKey, string[] Labels)
{
    public const string SlotNames = "SlotNames", KeyValues = "KeyValues";

    private static readonly Type[] s_keys = [typeof(byte), typeof(ushort), typeof(uint), typeof(ulong)];

    /// <summary>Reads the labels of a column as text. Of keys there are all classes, of values those that come.</summary>
    /// <exception cref="ArgumentException">The column has a type that labels cannot have.</exception>
    public static (Func<DataViewRow, Func<string?>> Reader, ClassColumn? Known) Of(DataViewSchema.Column column)
    {
        if (column.Type is not KeyDataViewType key)
        {
            LabelType type = LabelType.Find(column.Type) ?? throw Unfit(column.Name, column.Type.ToString()!);
            return (row => type.Reader(row, column), null);
        }
        if (key.Count == 0 || key.Count > int.MaxValue || !s_keys.Contains(key.RawType))
            throw Unfit(column.Name, column.Type.ToString()!);
        ClassColumn known = Keys(column, (int)key.Count);
        return (row => KeyReader(row, column, known.Labels), known);
    }

    /// <summary>What will be classes once the column is there: two, as their number is not known before.</summary>
    /// <exception cref="ArgumentException">The column has a type that labels cannot have.</exception>
    public static ClassColumn Of(SchemaShape.Column column)
    {
        LabelType? type = LabelType.Find(column.ItemType);
        if (column.IsKey)
            type = LabelType.Find(column.Annotations?.FirstOrDefault(a => a.Name == KeyValues).ItemType ?? NumberDataViewType.UInt32) ?? LabelType.Find("uint32");
        if (column.Kind != SchemaShape.Column.VectorKind.Scalar || type is null)
            throw Unfit(column.Name, ColumnReader.Describe(column));
        return new ClassColumn(type.Name, column.IsKey, type.Type == BooleanDataViewType.Instance ? ["False", "True"] : ["0", "1"]);
    }

    /// <summary>What is added for a column of predicted labels; its name and its annotations.</summary>
    public DataViewSchema.DetachedColumn Predicted(string name)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        LabelType type = Found;
        if (!IsKey)
            return new DataViewSchema.DetachedColumn(name, type.Type);
        type.WriteAnnotation(annotations, KeyValues, Labels);
        return new DataViewSchema.DetachedColumn(name, new KeyDataViewType(typeof(uint), Labels.Length), annotations.ToAnnotations());
    }

    /// <summary>What is added for a column of scores, a probability for each class.</summary>
    public DataViewSchema.DetachedColumn Scores(string name)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        LabelType.Find("text")!.WriteAnnotation(annotations, SlotNames, Labels);
        return new DataViewSchema.DetachedColumn(name, new VectorDataViewType(NumberDataViewType.Single, Labels.Length), annotations.ToAnnotations());
    }

    /// <summary>The getter of predicted labels.</summary>
    public Delegate Getter(Func<int> chosen) => IsKey ? (ValueGetter<uint>)((ref uint value) => value = (uint)chosen() + 1) : Found.Getter(Labels, chosen);

    public static ArgumentException Unfit(string name, string found) =>
        ColumnReader.Unfit(name, found, "labels: text, a boolean, a number, or a key with a known number of values (mlContext.Transforms.Conversion.MapValueToKey makes them)");

    private LabelType Found => LabelType.Find(Type) ?? throw new FormatException($"The settings of the model are damaged: there are no labels of type {Type}.");

    private static ClassColumn Keys(DataViewSchema.Column column, int count)
    {
        if (column.Annotations.Schema.GetColumnOrNull(KeyValues)?.Type is VectorDataViewType values && values.Size == count && LabelType.Find(values.ItemType) is { } type)
        {
            string[] labels = type.ReadAnnotation(column.Annotations, KeyValues);
            if (labels.Distinct(StringComparer.Ordinal).Count() == count)
                return new ClassColumn(type.Name, IsKey: true, labels);
        }
        return new ClassColumn("uint32", IsKey: true, [.. Enumerable.Range(1, count).Select(i => $"{i}")]);
    }

    private static Func<string?> KeyReader(DataViewRow row, DataViewSchema.Column column, string[] labels)
    {
        Func<ulong> number = column.Type.RawType == typeof(byte) ? Number<byte>(row, column)
            : column.Type.RawType == typeof(ushort) ? Number<ushort>(row, column)
            : column.Type.RawType == typeof(uint) ? Number<uint>(row, column)
            : Number<ulong>(row, column);
        return () => number() is var key && key >= 1 && key <= (ulong)labels.Length ? labels[key - 1] : null;
    }

    private static Func<ulong> Number<T>(DataViewRow row, DataViewSchema.Column column)
        where T : struct, System.Numerics.INumberBase<T>
    {
        ValueGetter<T> get = row.GetGetter<T>(column);
        return () =>
        {
            T value = default;
            get(ref value);
            return ulong.CreateTruncating(value);
        };
    }
}
