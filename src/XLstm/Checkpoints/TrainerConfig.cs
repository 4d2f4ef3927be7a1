using System.Text.Json;

namespace XLstm;

/// <summary>The config of the Python package where a trainer left one: in the directory, beside the file, or among the hyper-parameters within a file of PyTorch.</summary>
internal static class TrainerConfig
{
    private static readonly string[] Names = ["config.json", "config.yaml", "config.yml"];
    private static readonly string[] Keys = ["config", "model_config", "hyper_parameters", "hparams", "cfg", "args"];

    /// <summary>The config, or null where there is none that can be read as one.</summary>
    internal static XLstmStackConfig? Find(string path) =>
        Files(path).Select(file => Try(() => ModelConfigReader.Read(file) as XLstmStackConfig)).FirstOrDefault(config => config is not null) ?? Try(() => Within(path));

    /// <summary>Files that may be configs of the model at <paramref name="path"/>, those named like it first.</summary>
    internal static IEnumerable<string> Files(string path)
    {
        string directory = Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
        string stem = Path.Combine(directory, Path.GetFileNameWithoutExtension(path));
        IEnumerable<string> own = Directory.Exists(path) ? [] : [stem + ".config.json", stem + ".json", stem + ".yaml", stem + ".yml"];
        return own.Concat(Names.Select(name => Path.Combine(directory, name))).Where(File.Exists);
    }

    private static XLstmStackConfig? Within(string path)
    {
        if (!File.Exists(path) || !ModelWeights.IsTorch(path))
            return null;
        using TorchFile file = TorchFile.Open(path);
        return Keys.Select(key => file.Root.Find(key)).OfType<TorchNode>().Select(node => Try(() => ModelConfigReader.Parse(file.ToJson(node), path) as XLstmStackConfig)).FirstOrDefault(config => config is not null);
    }

    private static XLstmStackConfig? Try(Func<XLstmStackConfig?> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is CheckpointException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
