using System.Globalization;
using XLstm.Training;

namespace XLstm.Classification;

/// <summary>Classes or numbers of series: random batches of some of them, and the loss on the others.</summary>
internal sealed class SequenceTask : ITrainingTask
{
    private readonly SequenceEnsemble _networks;
    private readonly SequenceOptions _options;
    private readonly SequenceData _data;
    private readonly int[] _training, _heldOut, _labels;
    private readonly double[] _weights;
    private readonly (long Epoch, int[]? Order)[] _orders;

    public SequenceTask(SequenceEnsemble networks, SequenceOptions options, SequenceData data, string weightsFile)
    {
        (_networks, _options, _data, WeightsFile) = (networks, options, data, weightsFile);
        _labels = data.Labels is null ? new int[data.Series.Count] : [.. data.Labels.Select(l => Array.IndexOf(networks.Config.Classes!, l))];
        (_training, _heldOut) = Split();
        _weights = Weights();
        Tokens = (long)(options.Batch * data.Series.Average(s => networks.Config.Encoding.Patches(s.Length)));
        _orders = [.. networks.Networks.Select(_ => (-1L, (int[]?)null))];
    }

    // Patches.
    public long Tokens { get; }

    public bool Validates => _heldOut.Length > 0;

    public string WeightsFile { get; }

    private int K => _networks.Config.Outputs;

    public string Fingerprint()
    {
        ulong hash = 0;
        foreach (double[] channel in _data.Series.SelectMany(s => s.Channels).Concat(_data.Targets ?? []))
            foreach (double x in channel)
                hash = new RandomSource(hash ^ BitConverter.DoubleToUInt64Bits(double.IsNaN(x) ? double.NaN : x)).NextBits();
        foreach (string label in _data.Labels ?? [])
            hash = RandomSource.SeedFor(hash, label);
        return string.Create(CultureInfo.InvariantCulture, $"{_data.Series.Count} series, {_data.Series.Sum(s => (long)s.Length * s.ChannelCount)} values, {hash:x16}");
    }

    public Tensor Loss(Pass pass, long step, int network)
    {
        // Each network of the ensemble has batches of its own.
        var random = new RandomSource(RandomSource.SeedFor(_options.Seed, $"batch {step}, network {network}"));
        int B = _options.Batch;
        var (series, truth, weights) = (new TimeSeries[B], new float[B * K], new double[B]);
        for (int b = 0; b < B; b++)
        {
            int i = At(network, (step * B) + b);
            series[b] = Augmentation.Of(_data.Series[i], _options.Augmentation, ref random);
            Truth(i, truth.AsSpan(b * K, K), 1);
            weights[b] = _weights[i];
        }
        SequenceBatch batch = SequenceBatch.Of(_networks.Config.Encoding, series);
        batch = Mix(batch, truth, weights, ref random);
        return Loss(pass, _networks.Networks[network].Forward(batch, pass), truth, weights);
    }

    public double Validate(Pass pass)
    {
        double sum = 0, all = 0;
        foreach (int[] part in _heldOut.Chunk(64))
        {
            var truth = new float[part.Length * K];
            double[] weights = [.. part.Select(i => _weights[i])];
            for (int b = 0; b < part.Length; b++)
                Truth(part[b], truth.AsSpan(b * K, K), 0);
            sum += weights.Sum() * Loss(pass, _networks.Forward(SequenceBatch.Of(_networks.Config.Encoding, [.. part.Select(i => _data.Series[i])]), pass), truth, weights).Item;
            all += weights.Sum();
            pass.Reset();
        }
        return sum / all;
    }

    public void SaveWeights() => SequenceFile.Write(WeightsFile, _networks);

    public void Dispose()
    {
    }

    private Tensor Loss(Pass pass, Tensor outputs, float[] truth, double[] weights) =>
        _data.Labels is null ? SequenceLoss.OfNumbers(pass, outputs, truth) : SequenceLoss.OfClasses(pass, outputs, truth, weights);

    private void Truth(int i, Span<float> truth, double smoothing)
    {
        if (_data.Targets is { } targets)
        {
            for (int k = 0; k < K; k++)
                truth[k] = (float)((targets[i][k] - _networks.Config.TargetMean![k]) / _networks.Config.TargetUnit![k]);
            return;
        }
        smoothing *= _options.LabelSmoothing;
        truth.Fill((float)(smoothing / K));
        truth[_labels[i]] += (float)(1 - smoothing);
    }

    // Some rows become between themselves and another one of the same length, and so does what is true of them.
    private SequenceBatch Mix(SequenceBatch batch, float[] truth, double[] weights, ref RandomSource random)
    {
        int B = weights.Length, row = batch.Patches.Length / B;
        var (source, before, weighed) = (batch.Patches.Span.ToArray(), truth.ToArray(), weights.ToArray());
        for (int b = 0; b < B; b++)
        {
            int other = (int)random.NextInteger(B);
            double share = random.NextDouble() < _options.Mixup ? 0.4 * random.NextDouble() : 0;
            if (share == 0 || (batch.Lengths is { } lengths && lengths[other] != lengths[b]))
                continue;
            Blend(batch.Patches.Span.Slice(b * row, row), source.AsSpan(other * row, row), (float)share);
            Blend(truth.AsSpan(b * K, K), before.AsSpan(other * K, K), (float)share);
            weights[b] = ((1 - share) * weighed[b]) + (share * weighed[other]);
        }
        return batch;

        static void Blend(Span<float> values, ReadOnlySpan<float> others, float share)
        {
            for (int i = 0; i < values.Length; i++)
                values[i] += share * (others[i] - values[i]);
        }
    }

    // Every series once, in an order of its own each time.
    private int At(int network, long index)
    {
        long epoch = index / _training.Length;
        if (_orders[network].Epoch != epoch)
            _orders[network] = (epoch, Shuffled(_training, $"epoch {epoch}, network {network}"));
        return _orders[network].Order![index % _training.Length];
    }

    private int[] Shuffled(int[] items, string name)
    {
        int[] order = [.. items];
        var random = new RandomSource(RandomSource.SeedFor(_options.Seed, name));
        for (int i = order.Length - 1; i > 0; i--)
        {
            int j = (int)random.NextInteger(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    private (int[] Training, int[] HeldOut) Split()
    {
        int[] all = [.. Enumerable.Range(0, _labels.Length)];
        // Of each class the same share, and never all of it.
        int[] heldOut = [.. Shuffled(all, "held out").GroupBy(i => _labels[i]).SelectMany(g => g.Take(Math.Min(g.Count() - 1, (int)Math.Round(_options.Validation * g.Count())))).Order()];
        return ([.. all.Except(heldOut)], heldOut);
    }

    private double[] Weights()
    {
        Dictionary<int, int> counts = _training.CountBy(i => _labels[i]).ToDictionary();
        return [.. _labels.Select(label =>
            (_options.Weighting == ClassWeighting.Balanced ? (double)_training.Length / (counts.Count * counts[label]) : 1)
            * (_data.Labels is null ? 1 : _options.Weights?.GetValueOrDefault(_networks.Config.Classes![label], 1) ?? 1))];
    }
}
