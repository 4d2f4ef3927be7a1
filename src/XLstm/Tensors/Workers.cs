using System.Runtime.ExceptionServices;

namespace XLstm;

/// <summary>Work that is cut into <c>count</c> independent pieces by its shape alone, so that the number of threads cannot change a result.</summary>
internal interface IWork
{
    /// <summary>Floats of scratch that one piece needs.</summary>
    int ScratchLength { get; }

    void Run(int index, Span<float> scratch);
}

/// <summary>
/// Threads that live as long as their pass and share out the pieces of one <see cref="IWork"/> at a time. The caller works
/// along and waits for pieces that others have begun, never for a thread that has not woken up: on a busy machine a run is
/// at worst as slow as on one thread.
/// </summary>
internal sealed class Workers : IDisposable
{
    // About the time between two runs of a pass; a thread that waits longer goes to sleep.
    private const int SpinRounds = 1000;

    private readonly Thread[] _threads;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly float[][] _scratch;
    private readonly Dictionary<Type, Job> _jobs = [];
    private Job? _job;
    private int _count, _done, _sleeping;
    private volatile bool _stopped;
    private Exception? _failure;

    // Number of the run in the upper half, next piece in the lower: a claim succeeds only for the run it was read in.
    private long _ticket;

    public Workers(int count)
    {
        _scratch = new float[count][];
        Array.Fill(_scratch, []);
        _threads = new Thread[count - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int index = i + 1;
            _threads[i] = new Thread(() => Loop(index)) { IsBackground = true, Name = $"XLstm worker {index}" };
            _threads[i].Start();
        }
    }

    public int Count => _threads.Length + 1;

    /// <exception cref="Exception">Whatever a piece threw; the other pieces have run.</exception>
    public void Run<TWork>(int count, in TWork work) where TWork : struct, IWork
    {
        int scratchLength = work.ScratchLength;
        if (_threads.Length == 0 || count <= 1)
        {
            Span<float> own = Scratch(0, scratchLength);
            for (int i = 0; i < count; i++)
                work.Run(i, own);
            return;
        }

        if (!_jobs.TryGetValue(typeof(TWork), out Job? known))
            _jobs.Add(typeof(TWork), known = new Job<TWork>());
        // Closed while the next run is laid out: a thread that still looks at the last one finds nothing to claim.
        Interlocked.Exchange(ref _ticket, _ticket | int.MaxValue);
        var job = (Job<TWork>)known;
        job.Work = work;
        job.ScratchLength = scratchLength;
        _job = job;
        _count = count;
        _done = 0;
        _failure = null;
        // Publishes all of the above: run number one up, piece 0.
        Interlocked.Exchange(ref _ticket, ((_ticket >> 32) + 1) << 32);
        int sleeping = Volatile.Read(ref _sleeping);
        if (sleeping > 0)
            _wake.Release(Math.Min(sleeping, count - 1));

        while (TakePiece(0))
        {
        }
        var spin = default(SpinWait);
        while (Volatile.Read(ref _done) < count)
            spin.SpinOnce(sleep1Threshold: -1);
        job.Work = default; // holds no tensors between runs
        if (_failure is { } failure)
            ExceptionDispatchInfo.Throw(failure);
    }

    public void Dispose()
    {
        if (_stopped)
            return;
        _stopped = true;
        if (_threads.Length > 0)
            _wake.Release(_threads.Length);
        foreach (Thread thread in _threads)
            thread.Join();
        _wake.Dispose();
    }

    private void Loop(int index)
    {
        int idle = 0;
        while (!_stopped)
        {
            if (TakePiece(index))
                idle = 0;
            else if (idle++ < SpinRounds)
                Thread.SpinWait(20);
            else
            {
                Interlocked.Increment(ref _sleeping);
                if (!HasPiece() && !_stopped)
                    _wake.Wait();
                Interlocked.Decrement(ref _sleeping);
                idle = 0;
            }
        }
    }

    private bool HasPiece() => (int)Volatile.Read(ref _ticket) < Volatile.Read(ref _count);

    // Claims and runs the next piece of the current run; false where there is none.
    private bool TakePiece(int index)
    {
        while (true)
        {
            long ticket = Volatile.Read(ref _ticket);
            int piece = (int)ticket;
            if (piece >= Volatile.Read(ref _count))
                return false;
            // Once claimed, the run cannot end, and so neither job nor count can change, before the piece is done.
            if (Interlocked.CompareExchange(ref _ticket, ticket + 1, ticket) != ticket)
                continue;
            Job job = _job!;
            try
            {
                job.Run(piece, Scratch(index, job.ScratchLength));
            }
            catch (Exception e)
            {
                _failure = e;
            }
            Interlocked.Increment(ref _done);
            return true;
        }
    }

    private Span<float> Scratch(int index, int length)
    {
        if (_scratch[index].Length < length)
            _scratch[index] = GC.AllocateUninitializedArray<float>(length + length / 4);
        return _scratch[index].AsSpan(0, length);
    }

    private abstract class Job
    {
        public int ScratchLength;

        public abstract void Run(int index, Span<float> scratch);
    }

    private sealed class Job<TWork> : Job where TWork : struct, IWork
    {
        public TWork Work;

        public override void Run(int index, Span<float> scratch) => Work.Run(index, scratch);
    }
}
