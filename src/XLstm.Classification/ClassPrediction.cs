namespace XLstm.Classification;

/// <summary>What a classifier says of a series.</summary>
/// <param name="Label">The likeliest class.</param>
/// <param name="Probabilities">Of each class, in the order of <see cref="SequenceClassifier.Classes"/>; their sum is 1.</param>
public sealed record ClassPrediction(string Label, IReadOnlyList<double> Probabilities);
