using XLstm.Classification;

namespace XLstm.Extensions.ML;

/// <summary>What else the trainers of <see cref="XLstmCatalog"/> can do.</summary>
/// <param name="Training">What is computed; null for the defaults.</param>
/// <param name="Channels">Numbers of one step, which stand side by side in the vector: a step after the other, its channels in their order.</param>
/// <param name="PredictedLabelColumn">Name of the output column of the likeliest class, of the type of the labels. A regressor has none.</param>
/// <param name="ScoreColumn">Name of the output column of the probabilities, or of the number that a regressor tells.</param>
/// <param name="Threads">0 for one per processor; results do not depend on it. It is not saved with the model.</param>
/// <param name="Cancellation">Stops the fitting.</param>
public sealed record XLstmSequenceOptions(
    SequenceOptions? Training = null, int Channels = 1, string PredictedLabelColumn = "PredictedLabel", string ScoreColumn = "Score", int Threads = 0, CancellationToken Cancellation = default);
