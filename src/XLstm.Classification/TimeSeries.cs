namespace XLstm.Classification;

/// <summary>One series: channels of one length, in order of time, NaN where a value is missing; infinities count as missing.</summary>
public sealed class TimeSeries
{
    // The square of a larger one, and the sum of such squares, may be no number any more.
    private const double Largest = 1e100;

    private readonly double[][] _channels;

    /// <summary>A series of several channels.</summary>
    /// <exception cref="ArgumentException">There is no channel, or they have different lengths.</exception>
    public TimeSeries(params IReadOnlyList<double[]> channels)
    {
        ArgumentNullException.ThrowIfNull(channels);
        if (channels.Count == 0)
            throw new ArgumentException("A series needs at least one channel.", nameof(channels));
        for (int c = 1; c < channels.Count; c++)
            if (channels[c].Length != channels[0].Length)
                throw new ArgumentException($"Channel {c + 1} has {channels[c].Length} values, expected {channels[0].Length} as in the first.", nameof(channels));
        _channels = [.. channels.Select(channel => Array.ConvertAll(channel, x => Math.Abs(x) <= Largest ? x : double.NaN))];
    }

    /// <summary>Values of the same moments.</summary>
    public int ChannelCount => _channels.Length;

    /// <summary>Steps.</summary>
    public int Length => _channels[0].Length;

    /// <summary>The values of a channel.</summary>
    public ReadOnlySpan<double> this[int channel] => _channels[channel];

    /// <summary>A series of one channel.</summary>
    public static implicit operator TimeSeries(double[] values) => new([values]);

    /// <summary>A series of one channel.</summary>
    public static TimeSeries FromDouble(double[] values) => new([values]);

    internal double[][] Channels => _channels;
}
