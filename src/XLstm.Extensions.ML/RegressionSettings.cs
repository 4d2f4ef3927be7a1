using Microsoft.ML;
using Microsoft.ML.Runtime;
using XLstm.Classification;

namespace XLstm.Extensions.ML;

/// <summary>What a transformer that tells numbers of series does with its model.</summary>
/// <param name="Input">Column that is read.</param>
/// <param name="Score">Column of the numbers.</param>
internal sealed record RegressionSettings(SequenceColumn Input, string Score) : StoredSettings
{
    public override ITransformer Load(IHostEnvironment environment, string weights)
    {
        SequenceRegressor regressor = SequenceRegressor.Load(weights);
        if (regressor.ChannelCount != Input.Channels || regressor.TargetCount != 1)
            throw new FormatException("The settings of the model are damaged: their channels or numbers are not those of its weights.");
        return new XLstmRegressionTransformer(environment, this, regressor, threads: 0);
    }
}
