using System.Runtime.CompilerServices;
using Microsoft.ML;

namespace XLstm.Extensions.ML.Tests;

/// <summary>The shape of data, as a chain of estimators passes it on.</summary>
internal static class ShapeProbe
{
    public static SchemaShape Of(IDataView data) => Create(null, data.Schema);

    [UnsafeAccessor(UnsafeAccessorKind.StaticMethod)]
    private static extern SchemaShape Create(SchemaShape? none, DataViewSchema schema);
}
