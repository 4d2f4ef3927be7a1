using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;

namespace XLstm.Cli.Benchmarking;

/// <summary>How fast this machine reads memory: what generating with a large model is limited by.</summary>
internal sealed class ReadBandwidth : IDisposable
{
    private readonly float[] _memory;
    private readonly int[] _parts;
    private readonly Barrier _start, _end;
    private readonly Thread[] _threads;
    private volatile bool _stopped;

    /// <param name="threads">Threads that read a part each.</param>
    /// <param name="megabytes">Memory to read; several times the caches.</param>
    public ReadBandwidth(int threads, int megabytes = 1024)
    {
        _memory = GC.AllocateUninitializedArray<float>(megabytes << 18);
        // Untouched pages would all be the same one of zeros.
        Parallel.For(0, megabytes, i => _memory.AsSpan(i << 18, 1 << 18).Fill(i));
        _parts = [.. Enumerable.Range(0, threads + 1).Select(i => (int)((long)_memory.Length * i / threads))];
        (_start, _end) = (new Barrier(threads), new Barrier(threads));
        _threads = [.. Enumerable.Range(1, threads - 1).Select(i => new Thread(() => Serve(i)) { IsBackground = true })];
        foreach (Thread thread in _threads)
            thread.Start();
    }

    /// <summary>Bytes per second of one sweep over the memory.</summary>
    public double Sweep()
    {
        _start.SignalAndWait();
        long started = Stopwatch.GetTimestamp();
        Read(0);
        _end.SignalAndWait();
        return sizeof(float) * (double)_memory.Length / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public void Dispose()
    {
        _stopped = true;
        _start.SignalAndWait();
        foreach (Thread thread in _threads)
            thread.Join();
        _start.Dispose();
        _end.Dispose();
    }

    private void Serve(int part)
    {
        while (true)
        {
            _start.SignalAndWait();
            if (_stopped)
                return;
            Read(part);
            _end.SignalAndWait();
        }
    }

    private void Read(int part)
    {
        ReadOnlySpan<Vector<float>> rows = MemoryMarshal.Cast<float, Vector<float>>(_memory.AsSpan(_parts[part].._parts[part + 1]));
        Vector<float> a = default, b = default, c = default, d = default;
        int i = 0;
        for (; i + 8 <= rows.Length; i += 8)
        {
            a += rows[i] + rows[i + 4];
            b += rows[i + 1] + rows[i + 5];
            c += rows[i + 2] + rows[i + 6];
            d += rows[i + 3] + rows[i + 7];
        }
        GC.KeepAlive(Vector.Sum(a + b + c + d));
    }
}
