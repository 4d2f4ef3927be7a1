using Microsoft.ML;
using Microsoft.ML.Runtime;
using XLstm.Classification;

namespace XLstm.Extensions.ML;

/// <summary>What a classifying transformer does with its model.</summary>
/// <param name="Input">Column that is read.</param>
/// <param name="Predicted">Column of the likeliest class.</param>
/// <param name="Score">Column of the probabilities.</param>
/// <param name="Classes">What they are.</param>
internal sealed record ClassificationSettings(SequenceColumn Input, string Predicted, string Score, ClassColumn Classes) : StoredSettings
{
    public override ITransformer Load(IHostEnvironment environment, string weights)
    {
        SequenceClassifier classifier = SequenceClassifier.Load(weights);
        if (classifier.ChannelCount != Input.Channels || classifier.Classes.Except(Classes.Labels, StringComparer.Ordinal).Any())
            throw new FormatException("The settings of the model are damaged: their channels or classes are not those of its weights.");
        return new XLstmClassificationTransformer(environment, this, classifier, threads: 0);
    }
}
