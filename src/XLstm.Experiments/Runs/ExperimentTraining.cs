using XLstm.Training;

namespace XLstm.Experiments;

/// <summary>One model of an experiment, as a <see cref="TrainingLoop"/> trains it.</summary>
internal sealed class ExperimentTraining(TokenModel model, IExperimentTask task, ExperimentRunOptions options, string weightsFile) : ITrainingTask
{
    private (long Step, Task<IReadOnlyList<SequenceBatch>> Batch)? _now, _next;

    public long Tokens { get; } = Math.Max(1, options.Setting.Batch * (options.Setting.ShortestTraining + options.Setting.LongestTraining) / 2 / task.Parts);

    public bool Validates => true;

    public string WeightsFile => weightsFile;

    public string Fingerprint() => task.Fingerprint;

    public Tensor Loss(Pass pass, long step, int microBatch)
    {
        if (_now?.Step != step)
        {
            _now = _next?.Step == step ? _next : (step, Draw(step));
            // Drawn while this one is learned from.
            _next = (step + 1, Draw(step + 1));
        }
        return _now.Value.Batch.GetAwaiter().GetResult()[microBatch].Loss(model, pass);
    }

    public double Validate(Pass pass)
    {
        double sum = 0;
        long count = 0;
        foreach (SequenceBatch batch in task.Validation)
        {
            pass.Cancellation.ThrowIfCancellationRequested();
            sum += batch.Labels * (double)batch.Loss(model, pass).Item;
            count += batch.Labels;
            pass.Reset();
        }
        return sum / count;
    }

    public void SaveWeights() => SafetensorsWriter.Write(
        weightsFile,
        [.. model.Parameters.Select(p => TensorToWrite.FromFloats(p.Name, [.. Enumerable.Range(0, p.Shape.Rank).Select(i => (long)p.Shape[i])], p.Span.ToArray()))]);

    public void Dispose()
    {
    }

    private Task<IReadOnlyList<SequenceBatch>> Draw(long step) => Task.Run(() => task.Draw(options.Seed, step));
}
