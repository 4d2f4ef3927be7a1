using XLstm.Training;

namespace XLstm.Forecasting;

/// <summary>Quantiles of what comes after every patch of a series.</summary>
internal sealed class ForecastTask(PatchNetwork network, IForecastSource source, int batchTokens, string weightsFile) : ITrainingTask
{
    private readonly ForecastLoss _loss = new(network.Config.Outputs);
    private (long Step, Task<ForecastBatch> Batch)? _now, _next;

    public long Tokens => batchTokens;

    public bool Validates => true;

    public string WeightsFile => weightsFile;

    public string Fingerprint() => source.Fingerprint;

    public Tensor Loss(Pass pass, long step, int microBatch)
    {
        if (_now?.Step != step)
        {
            _now = _next?.Step == step ? _next : (step, Draw(step));
            // Drawn while this one is learned from.
            _next = (step + 1, Draw(step + 1));
        }
        return _now.Value.Batch.GetAwaiter().GetResult().Loss(network, _loss, pass);
    }

    public double Validate(Pass pass)
    {
        double sum = 0;
        long count = 0;
        foreach (ForecastBatch batch in source.Validation)
        {
            int known = batch.Known;
            sum += known * (double)batch.Loss(network, _loss, pass).Item;
            count += known;
            pass.Reset();
        }
        return sum / count;
    }

    public void SaveWeights() => ForecasterFile.Write(weightsFile, network);

    public void Dispose()
    {
    }

    private Task<ForecastBatch> Draw(long step) => Task.Run(() => source.Draw(step));
}
