using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Xunit;

namespace XLstm.Golden;

/// <summary>
/// One case of tests/testdata/golden: its configuration, its tensors, and how near ours must come to the truth (f64.*).
/// The reader is this file's own, so that a fault in the library's reader cannot hide a fault in its numbers.
/// </summary>
internal sealed class GoldenCase
{
    private static readonly Lazy<string> s_root = new(FindRoot);
    private static readonly Lazy<JsonElement> s_cases = new(() => Parse(Path.Combine(s_root.Value, "tolerances.json")));

    private readonly Dictionary<string, Tensor> _tensors = [];

    /// <param name="path">For example "cells/slstm_pm50".</param>
    public GoldenCase(string path)
    {
        Name = path;
        Folder = Path.Combine(s_root.Value, path);
        Config = Parse(Path.Combine(Folder, "config.json"));
        foreach (string file in Directory.EnumerateFiles(Folder, "*.safetensors"))
            Read(file);
    }

    public string Name { get; }

    public string Folder { get; }

    public JsonElement Config { get; }

    /// <summary>Tensors of all files of the case; in.*, f64.*, f32.* and ref.* are its data, the others the model's parameters.</summary>
    public IEnumerable<string> TensorNames => _tensors.Keys;

    /// <summary>Cases whose path starts so, for [MemberData]: "cells/slstm_".</summary>
    public static TheoryData<string> Cases(string prefix) =>
        new(s_cases.Value.EnumerateObject().Select(c => c.Name).Where(c => c.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal));

    public bool Has(string tensor) => _tensors.ContainsKey(tensor);

    public int[] Shape(string tensor) => Get(tensor).Shape;

    /// <summary>A float32 or float64 tensor in double.</summary>
    public double[] Doubles(string tensor)
    {
        Tensor t = Get(tensor);
        return t.Type switch
        {
            "F64" => MemoryMarshal.Cast<byte, double>(t.Bytes).ToArray(),
            "F32" => [.. MemoryMarshal.Cast<byte, float>(t.Bytes).ToArray().Select(x => (double)x)],
            _ => throw new InvalidDataException($"{Name}: {tensor} is {t.Type}, expected F32 or F64."),
        };
    }

    /// <summary>A float32 tensor, bit for bit.</summary>
    public float[] Floats(string tensor) => MemoryMarshal.Cast<byte, float>(Get(tensor, "F32").Bytes).ToArray();

    /// <summary>An int64 tensor.</summary>
    public long[] Longs(string tensor) => MemoryMarshal.Cast<byte, long>(Get(tensor, "I64").Bytes).ToArray();

    /// <summary>Largest absolute difference to f64.<paramref name="name"/> that float32 arithmetic is allowed.</summary>
    public double Tolerance(string name) =>
        s_cases.Value.GetProperty(Name).GetProperty("atolF32").TryGetProperty(name, out JsonElement atol)
            ? atol.GetDouble()
            : throw new KeyNotFoundException($"{Name} has no tolerance for {name}.");

    /// <summary>
    /// Compares with f64.<paramref name="name"/>, row-major. Where the reference is not finite (its gradients overflow) ours
    /// must be finite all the same.
    /// </summary>
    public void AssertClose(string name, ReadOnlySpan<float> actual)
    {
        double[] expected = Doubles("f64." + name);
        AssertClose(name, expected, actual, Tolerance(name));
    }

    /// <summary>As above against other numbers, or with another tolerance.</summary>
    public void AssertClose(string name, ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        if (actual.Length != expected.Length)
            Assert.Fail($"{Name} {name}: {actual.Length} elements, expected {expected.Length}.");

        double worst = -1;
        int at = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (!float.IsFinite(actual[i]))
                Assert.Fail($"{Name} {name}{Index(name, i)} is {Text(actual[i])}, expected {Text(expected[i])}.");
            double error = Math.Abs(actual[i] - expected[i]);
            if (double.IsFinite(expected[i]) && error > worst)
                (worst, at) = (error, i);
        }
        if (worst > tolerance)
            Assert.Fail($"{Name} {name}{Index(name, at)} is {Text(actual[at])}, expected {Text(expected[at])}: off by {Text(worst)}, allowed {Text(tolerance)}.");
    }

    private string Index(string name, int element)
    {
        if (!_tensors.TryGetValue("f64." + name, out Tensor? tensor) || tensor.Shape.Length < 2)
            return $"[{element}]";
        var index = new int[tensor.Shape.Length];
        for (int d = index.Length - 1; d >= 0; d--)
            (element, index[d]) = Math.DivRem(element, tensor.Shape[d]);
        return $"[{string.Join(", ", index)}]";
    }

    private static string Text(double value) => value.ToString("G9", CultureInfo.InvariantCulture);

    private Tensor Get(string tensor, string? type = null)
    {
        if (!_tensors.TryGetValue(tensor, out Tensor? found))
            throw new KeyNotFoundException($"{Name} has no tensor {tensor}.");
        return type is null || found.Type == type ? found : throw new InvalidDataException($"{Name}: {tensor} is {found.Type}, expected {type}.");
    }

    private void Read(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        int header = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (JsonProperty entry in JsonDocument.Parse(bytes.AsMemory(8, header)).RootElement.EnumerateObject())
        {
            if (entry.NameEquals("__metadata__"))
                continue;
            int[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(s => s.GetInt32())];
            int[] range = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(o => o.GetInt32())];
            _tensors.Add(entry.Name, new Tensor(entry.Value.GetProperty("dtype").GetString()!, shape, bytes[(8 + header + range[0])..(8 + header + range[1])]));
        }
    }

    private static JsonElement Parse(string file) => JsonDocument.Parse(File.ReadAllBytes(file)).RootElement;

    private static string FindRoot()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            string candidate = Path.Combine(folder, "tests", "testdata", "golden");
            if (Directory.Exists(candidate))
                return candidate;
        }
        throw new DirectoryNotFoundException($"No tests/testdata/golden above {AppContext.BaseDirectory}.");
    }

    private sealed record Tensor(string Type, int[] Shape, byte[] Bytes);
}
