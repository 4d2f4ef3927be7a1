using System.Text.Json;

namespace XLstm.Samples.TrainedInPython;

/// <summary>What the models' author published of one: steps ahead, the columns it reads, and its scores.</summary>
internal sealed record Study(int Horizon, string[] Features, double Rmse, double R2)
{
    public static Study Read(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement root = document.RootElement, scores = root.GetProperty("test_level");
        return new Study(
            root.GetProperty("horizon").GetInt32(), [.. root.GetProperty("feature_cols").EnumerateArray().Select(c => c.GetString()!)],
            scores.GetProperty("rmse").GetDouble(), scores.GetProperty("r2").GetDouble());
    }
}
