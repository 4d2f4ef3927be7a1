namespace XLstm.Cli.Runs;

/// <summary>How far long work has come, on standard error: one line that follows it on a terminal, a line now and then in a file.</summary>
internal sealed class WorkProgress(Streams streams, string what, TimeProvider? clock = null) : IProgress<double>, IDisposable
{
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(2), s_live = TimeSpan.FromSeconds(0.2), s_seldom = TimeSpan.FromSeconds(15);

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly long _start = (clock ?? TimeProvider.System).GetTimestamp();
    private TimeSpan _next = s_first;
    private int _written;

    public void Report(double value)
    {
        TimeSpan elapsed = _clock.GetElapsedTime(_start);
        if (elapsed < _next || value <= 0)
            return;
        TimeSpan left = elapsed * ((1 - value) / value);
        string line = $"xlstm: {what}: {value * 100:F0}%, {ProgressText.Time(left)} left";
        _next = elapsed + (streams.ErrorIsTerminal ? s_live : s_seldom);
        if (!streams.ErrorIsTerminal)
        {
            streams.Error.WriteLine(line);
            return;
        }
        streams.Error.Write("\r" + line.PadRight(_written));
        _written = line.Length;
    }

    /// <summary>A part of the work that reports by itself.</summary>
    public IProgress<double> Part(int index, int count) => new PartOf(this, index, count);

    /// <summary>Takes the line away.</summary>
    public void Dispose()
    {
        if (_written > 0)
            streams.Error.Write("\r" + new string(' ', _written) + "\r");
        _written = 0;
    }

    private sealed class PartOf(WorkProgress whole, int index, int count) : IProgress<double>
    {
        public void Report(double value) => whole.Report((index + value) / count);
    }
}
