using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace XLstm.Extensions.ML;

/// <summary>
/// What ML.NET asks of a transformer and keeps internal: its interface <see cref="ICanSaveModel"/> is public, what it takes to implement it is
/// not. Everything of ours that reaches into it is here; tests hold each against the version that is pinned.
/// </summary>
internal static class MLInternals
{
    private const string Core = ", Microsoft.ML.Core";

    public static void SetVersion(ModelSaveContext context, string signature, uint version, string loader)
    {
        Type info = CoreType("Microsoft.ML.VersionInfo");
        object value = Activator.CreateInstance(info, signature, version, version, version, typeof(MLInternals).Assembly.GetName().Name, loader, null)!;
        typeof(ModelSaveContext).GetMethod("SetVersionInfo", BindingFlags.Instance | BindingFlags.NonPublic, [info])!.Invoke(context, [value]);
    }

    /// <summary>An attribute that says: to load what was saved with this name, call Create(IHostEnvironment, object) of this class.</summary>
    public static Attribute LoadableClass(Type loader, string name) => (Attribute)CoreType("Microsoft.ML.LoadableClassAttribute")
        .GetConstructor([typeof(Type), typeof(Type), typeof(Type), typeof(Type), typeof(string), typeof(string[])])!
        .Invoke([typeof(ITransformer), loader, null, CoreType("Microsoft.ML.SignatureLoadModel"), name, new[] { name }]);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void SaveBinaryStream(ModelSaveContext context, string name, Action<BinaryWriter> write);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void SaveTextStream(ModelSaveContext context, string name, Action<TextWriter> write);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern bool TryLoadBinaryStream([UnsafeAccessorType("Microsoft.ML.ModelLoadContext" + Core)] object context, string name, Action<BinaryReader> read);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern bool TryLoadTextStream([UnsafeAccessorType("Microsoft.ML.ModelLoadContext" + Core)] object context, string name, Action<TextReader> read);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Environment")]
    public static extern IHostEnvironment Environment(TrainCatalogBase catalog);

    public static IHostEnvironment Environment(TrainCatalogBase.CatalogInstantiatorBase trainers) => Environment(Owner(trainers));

    public static IHostEnvironment Environment(TransformsCatalog catalog) => EnvironmentField(catalog);

    /// <summary>A shape with columns more, which take the place of those that have their names.</summary>
    public static SchemaShape With(SchemaShape shape, IEnumerable<DataViewSchema.DetachedColumn> added)
    {
        var schema = new DataViewSchema.Builder();
        schema.AddColumns(added);
        SchemaShape more = ShapeOf(null, schema.ToSchema());
        return new SchemaShape(shape.Where(old => more.All(column => column.Name != old.Name)).Concat(more));
    }

    /// <summary>Throws <see cref="OperationCanceledException"/> where the context was cancelled, which AutoML does when its time is over.</summary>
    public static void CheckAlive(IHostEnvironment environment) => CheckAlive(null, environment);

    [UnsafeAccessor(UnsafeAccessorKind.StaticMethod)]
    private static extern void CheckAlive([UnsafeAccessorType("Microsoft.ML.Runtime.Contracts" + Core)] object? none, IHostEnvironment environment);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Owner")]
    private static extern TrainCatalogBase Owner(TrainCatalogBase.CatalogInstantiatorBase trainers);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_env")]
    private static extern ref IHostEnvironment EnvironmentField(TransformsCatalog catalog);

    [UnsafeAccessor(UnsafeAccessorKind.StaticMethod, Name = "Create")]
    private static extern SchemaShape ShapeOf(SchemaShape? none, DataViewSchema schema);

    private static Type CoreType(string name) => Type.GetType(name + Core, throwOnError: true)!;
}
