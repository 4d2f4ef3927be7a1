using System.Globalization;

namespace XLstm.Experiments;

/// <summary>The models that experiments compare, by name: a pattern of blocks as in xLSTM[a:b], or a baseline of as many parameters as xLSTM[1:1].</summary>
/// <remarks>
/// The steps of the paper's ablation (arXiv 2405.04517, table 2) are lstm, lstm-residual, lstm-up, 0:1, and patterns with mLSTM. The third has the whole block of the
/// sLSTM (convolution, heads, head-wise norm, gated feed-forward) around LSTM cells, so that between it and the fourth nothing but the gating changes.
/// </remarks>
internal static class ExperimentModels
{
    private const string Reference = "1:1";

    // The block of the sLSTM around cells with the gates of the LSTM: the third row of the ablation, of as many parameters as the fourth.
    private const string UpProjection = "lstm-up";

    /// <summary>A model with new weights.</summary>
    /// <exception cref="ArgumentException">There is no model of this name, or none of this size.</exception>
    public static TokenModel Create(string model, ParameterSet parameters, ExperimentSetting setting, int vocabulary, int classes, bool vectors = false)
    {
        if (vectors && setting.TiedHead)
            throw new ArgumentException("TiedHead is set, but this experiment reads vectors: there is no embedding of tokens that the head could use.", nameof(setting));
        if (model == UpProjection || Pattern(model) is not null)
            return new TokenModel(parameters, vocabulary, classes, setting.Width, scope => new XLstmBody(scope, Config(model, setting)), vectors, setting.TiedHead);
        BodyKind kind = BodyKinds.All(setting.Blocks).FirstOrDefault(k => k.Name == model)
            ?? throw new ArgumentException($"\"{model}\" is no model: expected lstm, lstm-residual, {UpProjection}, transformer, or a pattern of mLSTM to sLSTM blocks such as 0:1, 1:0 or 1:1.", nameof(model));
        long count = Create(Reference, ParameterSet.ForSizes(), setting, vocabulary, classes).Parameters.ElementCount;
        return kind.Model(parameters, kind.Fit(count, vocabulary, classes, setting.TiedHead), vocabulary, classes, setting.Dropout, vectors, setting.TiedHead);
    }

    /// <summary>Checks a name and the sizes that the setting gives it.</summary>
    /// <exception cref="ArgumentException">There is no model of this name, or none of this size.</exception>
    public static void Check(string model, ExperimentSetting setting) => Create(model, ParameterSet.ForSizes(), setting, 2, 2);

    /// <summary>The stack of a pattern, or of the third row of the ablation.</summary>
    public static XLstmStackConfig Config(string pattern, ExperimentSetting setting)
    {
        int[] at = XLstmStackConfig.SlstmPositions(pattern == UpProjection ? "0:1" : pattern, setting.Blocks);
        // As many blocks as a pattern has, or it would be another one under its name.
        if (Pattern(pattern) is ( > 0 and var a, > 0 and var b) && a + b > setting.Blocks)
            throw new ArgumentException($"{pattern} is a pattern of {a + b} blocks, the setting has {setting.Blocks}: expected 0:1, 1:0{(setting.Blocks > 1 ? " or 1:1" : "")}{(setting.Blocks > 2 ? ", or one of no more blocks" : "")}.", nameof(pattern));
        return new XLstmStackConfig(
            setting.Blocks, setting.Width,
            at.Length < setting.Blocks ? new MLstmBlockConfig(new MLstmLayerConfig(setting.Heads)) : null,
            at.Length > 0
                ? new SLstmBlockConfig(
                    new SLstmLayerConfig(setting.Heads, setting.SlstmConvolution, RecurrentWeightInit: setting.SlstmRecurrentInit, Function: pattern == UpProjection ? "lstm" : "slstm"), new FeedForwardConfig())
                : null,
            at, Dropout: setting.Dropout);
    }

    // mLSTM to sLSTM blocks.
    private static (int, int)? Pattern(string model) =>
        model.Split(':') is [var a, var b] && ushort.TryParse(a, NumberStyles.None, CultureInfo.InvariantCulture, out ushort mlstm)
        && ushort.TryParse(b, NumberStyles.None, CultureInfo.InvariantCulture, out ushort slstm) && mlstm + slstm > 0 ? (mlstm, slstm) : null;
}
