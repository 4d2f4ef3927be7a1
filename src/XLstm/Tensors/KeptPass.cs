using System.Collections.Concurrent;

namespace XLstm;

/// <summary>
/// Passes for calls that each need one for themselves: the memory and the threads of the last call serve the next, as starting anew would cost a
/// small one more than its work. Memory is kept as long as the garbage collector finds no other use for it. Thread-safe: there are as many as there
/// were calls at the same time.
/// </summary>
internal sealed class KeptPass(PassOptions options)
{
    private readonly ConcurrentStack<Kept> _kept = new();

    public PassOptions Options => options;

    /// <summary>A pass to be used until the loan is disposed of.</summary>
    public Loan Take(CancellationToken cancellation)
    {
        Pass? pass = null;
        if (!_kept.TryPop(out Kept? kept) || !kept.Pass.TryGetTarget(out pass))
        {
            // Threads end by themselves, so they are not left to the collector, which would only forget that they are there.
            pass = new Pass(options, kept?.Workers);
            kept = new Kept(pass.Workers, new WeakReference<Pass>(pass));
        }
        pass.Cancellation = cancellation;
        return new Loan(this, kept, pass);
    }

    internal sealed record Kept(Workers Workers, WeakReference<Pass> Pass);

    public readonly struct Loan(KeptPass from, Kept kept, Pass pass) : IDisposable
    {
        public Pass Pass => pass;

        public void Dispose()
        {
            pass.Cancellation = default;
            pass.Reset();
            from._kept.Push(kept);
        }
    }
}
