using System.Text.Json;

namespace XLstm.Experiments;

/// <summary>What reading costs, as <c>results.json</c> has it.</summary>
/// <param name="Setting">Sizes and lengths.</param>
/// <param name="Threads">Processor cores it was measured with.</param>
/// <param name="Results">One for each model.</param>
public sealed record LengthCostReport(ExperimentSetting Setting, int Threads, IReadOnlyList<LengthCostResult> Results)
{
    /// <summary>Writes JSON.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, this, ExperimentJson.Default.LengthCostReport));
}

/// <summary>What a model costs.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Parameters">Its size.</param>
/// <param name="Points">By length.</param>
public sealed record LengthCostResult(string Model, long Parameters, IReadOnlyList<LengthCostPoint> Points);

/// <summary>What a text of one length costs.</summary>
/// <param name="Tokens">Its length.</param>
/// <param name="Milliseconds">To read it at once: median.</param>
/// <param name="StateBytes">To be kept after it for the next token.</param>
public sealed record LengthCostPoint(int Tokens, double Milliseconds, long StateBytes);
