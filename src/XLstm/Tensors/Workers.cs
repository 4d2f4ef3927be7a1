namespace XLstm;

/// <summary>Work that is cut into <c>count</c> independent pieces by its shape alone, so that the number of threads cannot change a result.</summary>
internal interface IWork
{
    /// <summary>Floats of scratch that one piece needs.</summary>
    int ScratchLength { get; }

    void Run(int index, Span<float> scratch);
}

/// <summary>Threads that live as long as their pass and share out the pieces of one <see cref="IWork"/> at a time.</summary>
internal sealed class Workers : IDisposable
{
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly float[][] _scratch;
    private readonly Dictionary<Type, Job> _jobs = [];
    private Job? _job;
    private int _generation, _next, _count, _busy, _sleeping;
    private volatile bool _stopped;
    private Exception? _failure;

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

    public void Run<TWork>(int count, in TWork work) where TWork : struct, IWork
    {
        int scratch = work.ScratchLength;
        if (_threads.Length == 0 || count <= 1)
        {
            Span<float> own = Scratch(0, scratch);
            for (int i = 0; i < count; i++)
                work.Run(i, own);
            return;
        }

        if (!_jobs.TryGetValue(typeof(TWork), out Job? known))
            _jobs.Add(typeof(TWork), known = new Job<TWork>());
        var job = (Job<TWork>)known;
        job.Work = work;
        job.ScratchLength = scratch;
        _job = job;
        _next = 0;
        _count = count;
        _failure = null;
        Volatile.Write(ref _busy, _threads.Length);
        Interlocked.Increment(ref _generation);
        int sleeping = Volatile.Read(ref _sleeping);
        if (sleeping > 0)
            _wake.Release(_threads.Length);

        Share(job, 0);
        var spin = default(SpinWait);
        while (Volatile.Read(ref _busy) > 0)
            spin.SpinOnce(sleep1Threshold: -1);
        job.Work = default; // holds no tensors between runs
        if (_failure is { } failure)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    public void Dispose()
    {
        if (_stopped)
            return;
        _stopped = true;
        Interlocked.Increment(ref _generation);
        if (_threads.Length > 0)
            _wake.Release(_threads.Length);
        foreach (Thread thread in _threads)
            thread.Join();
        _wake.Dispose();
    }

    private void Loop(int index)
    {
        int seen = 0;
        while (true)
        {
            int rounds = 0;
            while (Volatile.Read(ref _generation) == seen)
            {
                // Pieces follow each other within microseconds while a pass runs; between passes the thread sleeps.
                if (rounds++ < 2000)
                    Thread.SpinWait(20);
                else
                {
                    Interlocked.Increment(ref _sleeping);
                    if (Volatile.Read(ref _generation) == seen)
                        _wake.Wait();
                    Interlocked.Decrement(ref _sleeping);
                }
            }
            if (_stopped)
                return;
            seen++;
            Share(_job!, index);
            Interlocked.Decrement(ref _busy);
        }
    }

    private void Share(Job job, int index)
    {
        try
        {
            Span<float> scratch = Scratch(index, job.ScratchLength);
            int piece;
            while ((piece = Interlocked.Increment(ref _next) - 1) < _count)
                job.Run(piece, scratch);
        }
        catch (Exception e)
        {
            _failure = e;
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
