namespace XLstm.Experiments;

/// <summary>The models that experiments compare, by name: a pattern of blocks as in xLSTM[a:b], or a baseline of as many parameters.</summary>
internal static class ExperimentModels
{
    /// <summary>Makes the body of a model in its scope.</summary>
    /// <exception cref="ArgumentException">There is no model of this name.</exception>
    public static Func<ParameterScope, ISequenceBody> Body(string model, ExperimentSetting setting) =>
        model.Contains(':', StringComparison.Ordinal)
            ? scope => new XLstmBody(scope, Config(model, setting))
            : throw new ArgumentException($"\"{model}\" is no model: expected a pattern of mLSTM to sLSTM blocks such as 0:1, 1:0 or 1:1.", nameof(model));

    /// <summary>The stack of a pattern.</summary>
    public static XLstmStackConfig Config(string pattern, ExperimentSetting setting)
    {
        int[] at = XLstmStackConfig.SlstmPositions(pattern, setting.Blocks);
        return new XLstmStackConfig(
            setting.Blocks, setting.Width,
            at.Length < setting.Blocks ? new MLstmBlockConfig(new MLstmLayerConfig(setting.Heads)) : null,
            at.Length > 0
                ? new SLstmBlockConfig(
                    new SLstmLayerConfig(setting.Heads, setting.SLstmConvolution, RecurrentWeightInit: setting.SLstmRecurrentInit), new FeedForwardConfig())
                : null,
            at);
    }
}
