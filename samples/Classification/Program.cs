using System.Globalization;
using XLstm.Classification;
using XLstm.Samples.Classification;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var (series, labels, turns) = Gestures.Draw(90, seed: 1);
string file = Path.Combine(Path.GetTempPath(), $"gestures-{Environment.ProcessId}.safetensors");
var (others, truth, otherTurns) = Gestures.Draw(300, seed: 2);

#region Classify
// Two channels, 40 to 90 steps, a tenth of the values NaN.
SequenceClassifier classifier = SequenceClassifier.Fit(SequenceData.Labelled(series, labels), new SequenceOptions(Steps: 150));
ClassPrediction first = classifier.Predict(others[0]);
Console.WriteLine($"\"{first.Label}\" with a probability of {first.Probabilities.Max():F2}; it was \"{truth[0]}\"");
#endregion

#region Score
IReadOnlyList<ClassPrediction> told = classifier.Predict(others);
var score = ClassificationScore.Of(truth, [.. told.Select(t => t.Label)]);
Console.WriteLine($"{score.Accuracy:P0} told right");
#endregion

#region Keep
classifier.Save(file);
SequenceClassifier loaded = SequenceClassifier.Load(file);
Console.WriteLine($"loaded: {loaded.Predict(others[0]).Label == first.Label}");
#endregion
File.Delete(file);

#region Regression
// A number instead of a class: how often the hand went round.
SequenceRegressor regressor = SequenceRegressor.Fit(SequenceData.WithTargets(series, turns), new SequenceOptions(Steps: 300));
IReadOnlyList<double[]> numbers = regressor.Predict(others);
var error = RegressionScore.Of([.. otherTurns.Select(t => t[0])], [.. numbers.Select(n => n[0])]);
Console.WriteLine($"turns, 1 to 3: off by {error.Mae:F2} in the mean, R2 {error.R2:F2}");
#endregion
