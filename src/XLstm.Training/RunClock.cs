using System.Diagnostics;

namespace XLstm.Training;

/// <summary>Time spent, over all resumptions, and the speed of the last steps; the first ones, where code is still being compiled, are forgotten.</summary>
internal sealed class RunClock(double secondsBefore, long tokensPerStep)
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly Queue<double> _seconds = new();
    private double _last, _sum;

    public double Seconds => secondsBefore + _watch.Elapsed.TotalSeconds;

    /// <summary>Steps that this clock has seen.</summary>
    public int Steps { get; private set; }

    public double SecondsPerStep => _seconds.Count == 0 ? 0 : _sum / _seconds.Count;

    public double TokensPerSecond => _sum > 0 ? tokensPerStep * _seconds.Count / _sum : 0;

    /// <summary>A step ended; returns when.</summary>
    public double Stepped()
    {
        double now = _watch.Elapsed.TotalSeconds;
        Steps++;
        _sum += now - _last;
        _seconds.Enqueue(now - _last);
        if (_seconds.Count > (Steps < 20 ? 5 : 50))
            _sum -= _seconds.Dequeue();
        _last = now;
        return secondsBefore + now;
    }

    /// <summary>What passed since the last step was not training.</summary>
    public void Skip() => _last = _watch.Elapsed.TotalSeconds;
}
