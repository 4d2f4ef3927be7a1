namespace XLstm;

/// <summary>
/// A pass for calls that each need one for themselves: the memory and the threads of the last call serve the next, as starting anew would cost a
/// small one more than its work. Kept as long as the garbage collector finds no other use for the memory. Thread-safe: of calls at
/// the same time, one gets it.
/// </summary>
internal sealed class KeptPass(PassOptions options)
{
    private WeakReference<Pass>? _kept;

    public PassOptions Options => options;

    /// <summary>A pass to be used until the loan is disposed of.</summary>
    public Loan Take(CancellationToken cancellation)
    {
        if (Interlocked.Exchange(ref _kept, null) is not { } kept || !kept.TryGetTarget(out Pass? pass))
            pass = new Pass(options);
        pass.Cancellation = cancellation;
        return new Loan(this, pass);
    }

    public readonly struct Loan(KeptPass from, Pass pass) : IDisposable
    {
        public Pass Pass => pass;

        public void Dispose()
        {
            pass.Cancellation = default;
            pass.Reset();
            // Of two that come back the later one stays; the threads of the other end by themselves.
            Volatile.Write(ref from._kept, new WeakReference<Pass>(pass));
        }
    }
}
