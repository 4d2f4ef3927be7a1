using System.Diagnostics;
using System.Text.Json;

namespace XLstm.Benchmarks.Comparison;

/// <summary>
/// PyTorch in processes of its own: one for each interpreter, number of threads and way to use BLAS. Its parallel loops and
/// the threads of OpenBLAS can get into each other's way, so that one BLAS thread may be faster than several: a peer may
/// have either.
/// </summary>
internal sealed class PythonPeers(IReadOnlyList<string> interpreters) : IDisposable
{
    private readonly Dictionary<(string Command, int Threads, int BlasThreads), PythonPeer?> _running = [];

    /// <summary>Every peer that can do what <paramref name="can"/> asks for, on so many threads; with its own settings only, <paramref name="asItComes"/>.</summary>
    public List<(string Name, Side Run)> For(
        int threads, Func<JsonElement, bool> can, Func<JsonElement, string> name, object request, Func<double, double> value, bool asItComes = false)
    {
        var sides = new List<(string, Side)>();
        foreach (string command in interpreters)
            foreach (int blas in new HashSet<int> { threads, asItComes ? threads : 1 })
                if (Start(command, threads, blas) is { } peer && can(peer.About))
                    sides.Add((name(peer.About) + (blas == threads ? "" : ", one BLAS thread"), seconds => value(peer.Measure(request, seconds))));
        return sides;
    }

    /// <summary>What was started, one line each.</summary>
    public IEnumerable<string> Describe() => interpreters.Select(command => Start(command, Environment.ProcessorCount, 1) is { } peer
        ? $"{command}: {peer.About}"
        : $"{command}: does not start with torch");

    public void Dispose()
    {
        foreach (PythonPeer? peer in _running.Values)
            peer?.Dispose();
    }

    private PythonPeer? Start(string command, int threads, int blasThreads)
    {
        if (!_running.TryGetValue((command, threads, blasThreads), out PythonPeer? peer))
            _running.Add((command, threads, blasThreads), peer = PythonPeer.Start(command, threads, blasThreads));
        return peer;
    }
}

/// <summary>One interpreter that answers requests: see benchmarks/peers/torch_peer.py.</summary>
internal sealed class PythonPeer : IDisposable
{
    private static readonly string s_script = PeerProcess.Script("torch_peer.py");
    private readonly PeerProcess _process;

    private PythonPeer(PeerProcess process)
    {
        _process = process;
        About = process.Ask(new { @case = "about" });
    }

    public JsonElement About { get; }

    /// <summary>Null where there is no such interpreter, or no torch in it.</summary>
    public static PythonPeer? Start(string command, int threads, int blasThreads)
    {
        string[] words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var start = new ProcessStartInfo(words[0], [.. words[1..], "-c", s_script]);
        foreach (string limit in OpenBlas.Limits)
            start.Environment.Remove(limit);
        start.Environment["OMP_NUM_THREADS"] = $"{threads}";
        start.Environment["OPENBLAS_NUM_THREADS"] = $"{blasThreads}";
        if (PeerProcess.Start(start) is not { } process)
            return null;
        try
        {
            return new PythonPeer(process);
        }
        catch (InvalidOperationException)
        {
            process.Dispose();
            return null;
        }
    }

    /// <summary>Seconds of a call, the median.</summary>
    public double Measure(object request, double seconds)
    {
        var fields = JsonSerializer.SerializeToElement(request).EnumerateObject().ToDictionary(p => p.Name, p => (object)p.Value, StringComparer.Ordinal);
        fields["seconds"] = seconds;
        return Figure.Of(_process.Ask(fields).GetProperty("seconds").EnumerateArray().Select(s => s.GetDouble())).Median;
    }

    public void Dispose() => _process.Dispose();
}
