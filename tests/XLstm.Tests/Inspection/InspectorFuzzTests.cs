using System.Runtime.InteropServices;
using XLstm.Tests.Checkpoints;

namespace XLstm.Tests.Inspection;

/// <summary>Whatever the bytes, the inspector says something, in bounded memory, and loading works or is refused.</summary>
public sealed class InspectorFuzzTests
{
    private const long ManyBytes = 8 << 20;

    // A small model under its usual file names, and the file whose bytes change.
    private static string Prepare(TemporaryFolder folder, string kind)
    {
        switch (kind)
        {
            case "archive.pt":
                return folder.File("model.pt", Stack(archive: true));
            case "row.pt":
                return folder.File("model.pt", Stack(archive: false));
            case "tensors":
                WriteStack(Path.Combine(folder.Path, "model.safetensors"));
                return Path.Combine(folder.Path, "model.safetensors");
            case "config":
                WriteStack(Path.Combine(folder.Path, "model.safetensors"));
                ModelConfigWriter.Write(folder.Path, Config);
                return Path.Combine(folder.Path, "config.json");
            default:
                WriteStack(Path.Combine(folder.Path, "model-1.safetensors"));
                string names = string.Join(", ", Parameters().Select(p => $"\"{p.Name}\": \"model-1.safetensors\""));
                return folder.File("model.safetensors.index.json", $"{{\"weight_map\": {{{names}}}}}");
        }
    }

    private static readonly XLstmStackConfig Config = new(1, 2, null, new(new(NumHeads: 1, Conv1dKernelSize: 2), null));

    private static ParameterSet Parameters()
    {
        var parameters = new ParameterSet(seed: 1);
        _ = new XLstmStack(parameters.Root, Config);
        return parameters;
    }

    private static void WriteStack(string path) =>
        SafetensorsWriter.Write(path, [.. Parameters().Select(p => TensorToWrite.FromFloats(p.Name, [.. Enumerable.Range(0, p.Shape.Rank).Select(i => (long)p.Shape[i])], p.Span.ToArray()))]);

    private static byte[] Stack(bool archive)
    {
        ParameterSet parameters = Parameters();
        var pickle = new TorchWriter().Op("}(");
        var numbers = new List<float>();
        foreach (Parameter parameter in parameters)
        {
            long[] shape = [.. Enumerable.Range(0, parameter.Shape.Rank).Select(i => (long)parameter.Shape[i])];
            var strides = new long[shape.Length];
            for (int i = shape.Length - 1, stride = 1; i >= 0; stride *= (int)shape[i--])
                strides[i] = stride;
            pickle.Text(parameter.Name).Tensor(parameters.ElementCount, numbers.Count, shape, strides);
            numbers.AddRange(parameter.Span);
        }
        byte[] bytes = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(numbers)).ToArray(), end = pickle.Op("u").End();
        return archive ? TorchWriter.Archive(end, bytes) : TorchWriter.Row(end, ("0", bytes, numbers.Count));
    }

    private static void Survives(string path, string file, ReadOnlySpan<byte> content)
    {
        File.WriteAllBytes(file, content);
        long before = GC.GetAllocatedBytesForCurrentThread();
        CheckpointReport report = CheckpointInspector.Inspect(path, cancellation: TestContext.Current.CancellationToken);
        Assert.NotEmpty(report.Description);
        try
        {
            XLstmStack.Load(path);
        }
        catch (CheckpointException)
        {
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, ManyBytes);
    }

    public static TheoryData<string> Kinds => ["archive.pt", "row.pt", "tensors", "config", "index"];

    [Fact]
    public void TheFilesAreGood()
    {
        foreach (string kind in Kinds.Select(k => k.Data))
        {
            using var folder = new TemporaryFolder();
            string file = Prepare(folder, kind), path = kind.EndsWith(".pt", StringComparison.Ordinal) ? file : folder.Path;
            Assert.Equal(Config.EmbeddingDim, XLstmStack.Load(path).Config.EmbeddingDim);
            CheckpointReport report = CheckpointInspector.Inspect(path, cancellation: TestContext.Current.CancellationToken);
            Assert.Equal((CheckpointKind.Stack, true), (report.Kind, report.IsUsable));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AnyByteMayBeAnother(string kind)
    {
        using var folder = new TemporaryFolder();
        string file = Prepare(folder, kind), path = kind.EndsWith(".pt", StringComparison.Ordinal) ? file : folder.Path;
        byte[] bytes = File.ReadAllBytes(file);
        for (int i = 0; i < bytes.Length; i++)
        {
            byte was = bytes[i];
            foreach (byte flip in (ReadOnlySpan<byte>)[0x01, 0xfe])
            {
                bytes[i] = (byte)(was ^ flip);
                Survives(path, file, bytes);
            }
            bytes[i] = was;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AFileMayEndAnywhere(string kind)
    {
        using var folder = new TemporaryFolder();
        string file = Prepare(folder, kind), path = kind.EndsWith(".pt", StringComparison.Ordinal) ? file : folder.Path;
        byte[] bytes = File.ReadAllBytes(file);
        for (int length = 0; length < bytes.Length; length++)
            Survives(path, file, bytes.AsSpan(0, length));
    }
}
