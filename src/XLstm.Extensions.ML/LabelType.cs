using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace XLstm.Extensions.ML;

/// <summary>A type that labels, or the values behind keys, can have; they are carried as text.</summary>
internal abstract class LabelType(string name, PrimitiveDataViewType type)
{
    private static readonly LabelType[] s_all =
    [
        new TextLabels(),
        new ValueLabels<bool>("boolean", BooleanDataViewType.Instance), new ValueLabels<float>("single", NumberDataViewType.Single), new ValueLabels<double>("double", NumberDataViewType.Double),
        new ValueLabels<sbyte>("sbyte", NumberDataViewType.SByte), new ValueLabels<byte>("byte", NumberDataViewType.Byte),
        new ValueLabels<short>("int16", NumberDataViewType.Int16), new ValueLabels<ushort>("uint16", NumberDataViewType.UInt16),
        new ValueLabels<int>("int32", NumberDataViewType.Int32), new ValueLabels<uint>("uint32", NumberDataViewType.UInt32),
        new ValueLabels<long>("int64", NumberDataViewType.Int64), new ValueLabels<ulong>("uint64", NumberDataViewType.UInt64),
    ];

    /// <summary>What settings call it.</summary>
    public string Name => name;

    /// <summary>What ML.NET calls it.</summary>
    public PrimitiveDataViewType Type => type;

    /// <summary>The type of that name, or of those columns; null where labels cannot have it.</summary>
    public static LabelType? Find(string name) => Array.Find(s_all, t => t.Name == name);

    /// <inheritdoc cref="Find(string)"/>
    public static LabelType? Find(DataViewType type) => Array.Find(s_all, t => t.Type == type);

    /// <summary>The label of a row; null where it is missing: NaN, or an empty text.</summary>
    public abstract Func<string?> Reader(DataViewRow row, DataViewSchema.Column column);

    /// <summary>A getter that gives one of the labels.</summary>
    public abstract Delegate Getter(IReadOnlyList<string> labels, Func<int> chosen);

    /// <summary>The annotation of a column, a vector of this type.</summary>
    public abstract string[] ReadAnnotation(DataViewSchema.Annotations annotations, string kind);

    /// <summary>Adds an annotation, a vector of this type.</summary>
    public abstract void WriteAnnotation(DataViewSchema.Annotations.Builder annotations, string kind, IReadOnlyList<string> labels);

    private abstract class Labels<T>(string name, PrimitiveDataViewType type) : LabelType(name, type)
    {
        public override Func<string?> Reader(DataViewRow row, DataViewSchema.Column column)
        {
            ValueGetter<T> get = row.GetGetter<T>(column);
            return () =>
            {
                T value = default!;
                get(ref value);
                return Text(value);
            };
        }

        public override Delegate Getter(IReadOnlyList<string> labels, Func<int> chosen)
        {
            T[] values = [.. labels.Select(Value)];
            return (ValueGetter<T>)((ref T value) => value = values[chosen()]);
        }

        public override string[] ReadAnnotation(DataViewSchema.Annotations annotations, string kind)
        {
            VBuffer<T> values = default;
            annotations.GetValue(kind, ref values);
            return [.. values.DenseValues().Select(v => Text(v) ?? "")];
        }

        public override void WriteAnnotation(DataViewSchema.Annotations.Builder annotations, string kind, IReadOnlyList<string> labels)
        {
            var values = new VBuffer<T>(labels.Count, [.. labels.Select(Value)]);
            annotations.Add(kind, new VectorDataViewType(Type, labels.Count), (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => values.CopyTo(ref value)));
        }

        protected abstract string? Text(T value);

        protected abstract T Value(string text);
    }

    private sealed class TextLabels() : Labels<ReadOnlyMemory<char>>("text", TextDataViewType.Instance)
    {
        protected override string? Text(ReadOnlyMemory<char> value) => value.IsEmpty ? null : value.ToString();

        protected override ReadOnlyMemory<char> Value(string text) => text.AsMemory();
    }

    private sealed class ValueLabels<T>(string name, PrimitiveDataViewType type) : Labels<T>(name, type)
        where T : struct, IParsable<T>
    {
        protected override string? Text(T value) => value is float.NaN or double.NaN ? null : Convert.ToString(value, CultureInfo.InvariantCulture);

        protected override T Value(string text) => T.Parse(text, CultureInfo.InvariantCulture);
    }
}
