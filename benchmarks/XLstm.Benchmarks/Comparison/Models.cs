using System.Globalization;
using XLstm.Training;

namespace XLstm.Benchmarks.Comparison;

/// <summary>The models that are measured.</summary>
internal static class Models
{
    public const int Vocabulary = 256, Batch = 8, Context = 256;

    /// <summary>The example of the paper's package: width 128, 7 blocks, sLSTM at 1; 0.83 M parameters.</summary>
    public static XLstmLanguageModel Example() => new(Preset.Find("paper").Config(Vocabulary), seed: 1);

    /// <summary>Blocks of both kinds, one sLSTM in eight.</summary>
    public static XLstmLanguageModel Of(int width, int blocks) => new(
        new Preset("", "", width, blocks, "7:1", Batch, Context, 1e-3, 0).Config(Vocabulary), seed: 1);

    public static string Size(XLstmLanguageModel model) => (model.Parameters.ElementCount * 1e-6).ToString("F2", CultureInfo.InvariantCulture) + " M";
}
