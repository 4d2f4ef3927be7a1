namespace XLstm.Samples.Streaming;

internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("xlstm-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
