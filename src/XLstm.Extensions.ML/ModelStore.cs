using System.Reflection;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace XLstm.Extensions.ML;

/// <summary>Our part of a pipeline's zip: Settings.json, and the weights as the file that the model itself writes.</summary>
internal static class ModelStore
{
    private const string LoaderName = "XLstm", SettingsEntry = "Settings.json", WeightsEntry = "Weights.safetensors";
    private const uint Version = 1;

    /// <summary>Lets a catalog load what <see cref="Save"/> wrote. A second time changes nothing.</summary>
    public static void Register(ComponentCatalog catalog) => catalog.RegisterAssembly(new LoaderAssembly());

    /// <summary>What <see cref="ICanSaveModel.Save"/> has to do; <paramref name="writeWeights"/> is given a path.</summary>
    public static void Save(ModelSaveContext context, StoredSettings settings, Action<string> writeWeights)
    {
        ArgumentNullException.ThrowIfNull(context);
        MLInternals.SetVersion(context, "XLSTM MD", Version, LoaderName);
        MLInternals.SaveTextStream(context, SettingsEntry, writer => writer.Write(JsonSerializer.Serialize(settings, StoreJson.Default.StoredSettings)));
        WithTemporaryFile(path =>
        {
            writeWeights(path);
            MLInternals.SaveBinaryStream(context, WeightsEntry, writer =>
            {
                using FileStream file = File.OpenRead(path);
                file.CopyTo(writer.BaseStream);
            });
        });
    }

    private static ITransformer Load(IHostEnvironment environment, object context)
    {
        string? text = null;
        if (!MLInternals.TryLoadTextStream(context, SettingsEntry, reader => text = reader.ReadToEnd()))
            throw new FormatException($"The model has no {SettingsEntry}: it was not saved by this library, or it is damaged.");
        StoredSettings settings = Settings(text!);
        ITransformer? transformer = null;
        WithTemporaryFile(path =>
        {
            bool there = MLInternals.TryLoadBinaryStream(context, WeightsEntry, reader =>
            {
                using FileStream file = File.Create(path);
                reader.BaseStream.CopyTo(file);
            });
            if (!there)
                throw new FormatException($"The model has no {WeightsEntry}: it is damaged.");
            transformer = settings.Load(environment, path);
        });
        return transformer!;
    }

    private static StoredSettings Settings(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, StoreJson.Default.StoredSettings) ?? throw new JsonException("null");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new FormatException($"{SettingsEntry} of the model cannot be read: {e.Message} Was it saved by a newer version of this library?", e);
        }
    }

    // Models read and write files; a folder of its own keeps others from the weights.
    private static void WithTemporaryFile(Action<string> use)
    {
        string folder = Directory.CreateTempSubdirectory("xlstm-ml").FullName;
        try
        {
            use(Path.Combine(folder, WeightsEntry));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>What the catalog finds by reflection.</summary>
    private static class Loader
    {
        public static ITransformer Create(IHostEnvironment environment, object context) => Load(environment, context);
    }

    /// <summary>
    /// An assembly with the attribute that ML.NET looks for. It is internal there, so that no assembly of others can bear it; but what is registered is asked
    /// for its attributes.
    /// </summary>
    private sealed class LoaderAssembly : Assembly
    {
        public override string FullName => typeof(ModelStore).FullName!;

        public override AssemblyName GetName() => typeof(ModelStore).Assembly.GetName();

        public override Type[] GetTypes() => [];

        public override object[] GetCustomAttributes(Type attributeType, bool inherit)
        {
            Attribute loadable = MLInternals.LoadableClass(typeof(Loader), LoaderName);
            var found = (Attribute[])Array.CreateInstance(attributeType, attributeType.IsInstanceOfType(loadable) ? 1 : 0);
            if (found.Length == 1)
                found[0] = loadable;
            return found;
        }
    }
}
