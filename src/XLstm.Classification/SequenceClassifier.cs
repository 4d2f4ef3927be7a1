using XLstm.Training;

namespace XLstm.Classification;

/// <summary>
/// Tells the class of a series. Immutable and thread-safe. Series may have any length, several channels, and missing values (NaN); the same series
/// gives the same probabilities, alone or among others up to the rounding of float, and to the bit with any number of threads.
/// </summary>
public sealed class SequenceClassifier
{
    private readonly SequencePredictor _predictor;

    private SequenceClassifier(SequenceEnsemble network) => _predictor = new SequencePredictor(network);

    /// <summary>What it tells apart, in ordinal order.</summary>
    public IReadOnlyList<string> Classes => _predictor.Network.Config.Classes!;

    /// <summary>Channels of every series.</summary>
    public int ChannelCount => _predictor.Network.Config.Encoding.Channels;

    /// <summary>How the file of its training was read, to read others for it (<see cref="SequenceReader.Read"/>): what columns mean, and windows; null where it was no .csv.</summary>
    public SequenceTableOptions? Table => _predictor.Network.Config.Reading;

    /// <summary>Trained numbers.</summary>
    public long ParameterCount => _predictor.Network.Parameters.ElementCount;

    /// <summary>Reads a classifier: a file, or the directory of its training.</summary>
    /// <exception cref="CheckpointException">It is missing, damaged, or something else.</exception>
    public static SequenceClassifier Load(string path)
    {
        SequenceEnsemble network = SequenceFile.Read(path);
        return network.Config.Classes is not null ? new SequenceClassifier(network) : throw new CheckpointException(path, "the file", "a classifier", "a regressor");
    }

    /// <summary>Writes it to a file.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path) => SequenceFile.Write(path, _predictor.Network);

    /// <summary>Learns from series and their classes; <see cref="SequenceRun"/> does it in a directory, where it can be resumed.</summary>
    /// <param name="data">Series with labels.</param>
    /// <param name="options">What it computes; null for the defaults.</param>
    /// <param name="stepped">Is told after every step, or null.</param>
    /// <param name="threads">0 for one per processor; results do not depend on it.</param>
    /// <param name="cancellation">Stops the work; nothing is kept then.</param>
    /// <exception cref="ArgumentException">An option is out of range, or there is nothing to learn from in the data.</exception>
    public static SequenceClassifier Fit(SequenceData data, SequenceOptions? options = null, Action<RunProgress>? stepped = null, int threads = 0, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (data.Labels is null)
            throw new ArgumentException("A classifier needs series with labels.", nameof(data));
        return SequenceRun.Fit(data, options, stepped, threads, run => run.Classifier(), cancellation);
    }

    /// <summary>The class of one series.</summary>
    /// <exception cref="ArgumentException">It has other channels than those of the training.</exception>
    public ClassPrediction Predict(TimeSeries series, CancellationToken cancellation = default) => Predict([series], 0, cancellation)[0];

    /// <summary>The class of each series.</summary>
    /// <param name="series">Of any lengths.</param>
    /// <param name="threads">0 for one per processor; results do not depend on it.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ArgumentException">One has other channels than those of the training.</exception>
    public IReadOnlyList<ClassPrediction> Predict(IReadOnlyList<TimeSeries> series, int threads = 0, CancellationToken cancellation = default) =>
        [.. _predictor.Outputs(series, threads, cancellation).Select(logits =>
        {
            double[] probabilities = SequenceLoss.Probabilities(logits);
            return new ClassPrediction(Classes[Array.IndexOf(probabilities, probabilities.Max())], probabilities);
        })];
}
