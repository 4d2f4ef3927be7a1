using System.Diagnostics;

namespace XLstm;

/// <summary>Work that is cut into <c>count</c> independent pieces by its shape alone, so that the number of threads cannot change a result.</summary>
internal interface IWork
{
    /// <summary>Floats of scratch that one piece needs.</summary>
    int ScratchLength { get; }

    void Run(int index, Span<float> scratch);
}

/// <summary>
/// The threads of a pass, which share out the pieces of one <see cref="IWork"/> at a time. A run ends when its
/// pieces are done, not when every thread has looked: on a busy machine the caller does alone what nobody helps with. Threads
/// start with the first run that has work for them, as long as the process has not too many of them, and end when there has been none for a while: what
/// nobody disposes of leaves no thread behind.
/// </summary>
internal sealed class Workers : IDisposable
{
    // Multiply-adds, or floats read: a few microseconds of one core, several times what it costs to share them with another.
    private const long WorthSharing = 100_000;

    // Runs follow each other within microseconds while a pass runs, so threads look for the next one for some 20 us, then let
    // others run between looks, for a millisecond where nobody wants to, and sleep only then: waking one takes 30 us.
    private const int Looks = 500;
    private const int Yields = 2000;

    private readonly ThreadLimit _limit;
    private readonly Thread?[] _threads;
    private readonly float[][] _scratch;
    private readonly Dictionary<Type, Job> _jobs = [];
    private readonly object _wake = new();
    private readonly bool _spins;
    private Job? _job;

    // Number of the run in the upper half, pieces that nobody has taken yet in the lower: one compare-and-swap takes a piece
    // of that run and of no other. What else belongs to a run is read after that, when the run cannot end before the piece.
    private long _open;
    private int _count, _unfinished, _sleeping, _missing;
    private volatile bool _stopped;
    private Exception? _failure;

    public Workers(int count, ThreadLimit? limit = null)
    {
        _limit = limit ?? ThreadLimit.OfProcess;
        _scratch = new float[count][];
        Array.Fill(_scratch, []);
        _spins = count <= Environment.ProcessorCount;
        _threads = new Thread[count - 1];
        _missing = _threads.Length;
    }

    public int Count => _threads.Length + 1;

    /// <summary>How long a thread waits for the next run before it ends.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Threads that are there now, the caller's own not counted.</summary>
    public int Running => _threads.Length - Volatile.Read(ref _missing);

    /// <summary>Runs so far, and their pieces: what tests hold fixed instead of time.</summary>
    public (long Runs, long Pieces) Done { get; private set; }

    /// <summary>Told of every run and how long it took; for profiles.</summary>
    public Action<Type, TimeSpan>? Watch { get; set; }

    /// <summary>
    /// Runs the pieces 0 to count - 1, on the calling thread, too, and on it alone if <paramref name="operations"/>, about as
    /// many as all pieces take, are not worth another. What a piece throws reaches the caller when no piece runs any more.
    /// </summary>
    public void Run<TWork>(int count, in TWork work, long operations = long.MaxValue) where TWork : struct, IWork
    {
        Done = (Done.Runs + 1, Done.Pieces + count);
        if (Watch is null)
        {
            RunPieces(count, work, operations);
            return;
        }
        long started = Stopwatch.GetTimestamp();
        RunPieces(count, work, operations);
        Watch(typeof(TWork), Stopwatch.GetElapsedTime(started));
    }

    private void RunPieces<TWork>(int count, in TWork work, long operations) where TWork : struct, IWork
    {
        if (_threads.Length == 0 || count <= 1 || operations < WorthSharing)
        {
            Span<float> own = Scratch(0, work.ScratchLength);
            for (int i = 0; i < count; i++)
                work.Run(i, own);
            return;
        }

        if (Volatile.Read(ref _missing) > 0 && !_limit.IsReached)
            Start();
        if (!_jobs.TryGetValue(typeof(TWork), out Job? known))
            _jobs.Add(typeof(TWork), known = new Job<TWork>());
        var job = (Job<TWork>)known;
        job.Work = work;
        job.ScratchLength = work.ScratchLength;
        (_job, _count, _unfinished, _failure) = (job, count, count, null);
        uint run = RunOf(_open) + 1;
        Interlocked.Exchange(ref _open, ((long)run << 32) | (uint)count);
        Wake();

        Share(run, 0);
        var spin = default(SpinWait);
        while (Volatile.Read(ref _unfinished) > 0)
            spin.SpinOnce(sleep1Threshold: -1);
        job.Work = default; // holds no tensors between runs
        if (_failure is { } failure)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>Ends the threads. A run that is open on another thread, against all advice, goes on to its end.</summary>
    public void Dispose()
    {
        if (_stopped)
            return;
        _stopped = true;
        Thread?[] running;
        lock (_wake)
        {
            Monitor.PulseAll(_wake);
            running = [.. _threads];
        }
        foreach (Thread? thread in running)
            thread?.Join();
    }

    private static uint RunOf(long open) => (uint)(open >> 32);

    private void Start()
    {
        lock (_wake)
            for (int i = 0; i < _threads.Length && !_stopped; i++)
            {
                if (_threads[i] is not null)
                    continue;
                if (Begin(i + 1) is not { } thread)
                    return;
                _threads[i] = thread;
                _missing--;
            }
    }

    // Null where there is no thread left: the caller does without.
    private Thread? Begin(int index)
    {
        if (!_limit.TryTake())
            return null;
        var thread = new Thread(() => Loop(index)) { IsBackground = true, Name = $"XLstm worker {index}" };
        try
        {
            thread.Start();
            return thread;
        }
        catch (OutOfMemoryException)
        {
            _limit.Return();
            return null;
        }
    }

    private void Loop(int index)
    {
        uint seen = 0;
        while ((Comes(seen) || Sleep(seen, index)) && !_stopped)
        {
            seen = RunOf(Volatile.Read(ref _open));
            Share(seen, index);
        }
        _limit.Return();
    }

    private bool Comes(uint seen)
    {
        if (_spins)
            for (int i = 0; i < Looks + Yields; i++)
            {
                if (_stopped || RunOf(Volatile.Read(ref _open)) != seen)
                    return true;
                if (i < Looks)
                    Thread.SpinWait(1);
                else
                    Thread.Yield();
            }
        return false;
    }

    // A thread counts itself as sleeping before it looks for a new run for the last time, and a run is open before the
    // sleepers are counted here: one of the two sees the other.
    private void Wake()
    {
        if (Volatile.Read(ref _sleeping) == 0)
            return;
        lock (_wake)
            Monitor.PulseAll(_wake);
    }

    // Until there is a new run; false if none came and the thread has left.
    private bool Sleep(uint seen, int index)
    {
        Interlocked.Increment(ref _sleeping);
        try
        {
            lock (_wake)
                while (!_stopped && RunOf(Volatile.Read(ref _open)) == seen)
                    if (!Monitor.Wait(_wake, Patience) && RunOf(Volatile.Read(ref _open)) == seen)
                    {
                        // A run that opens now is done without this thread; the next one starts another.
                        _threads[index - 1] = null;
                        _missing++;
                        return false;
                    }
            return true;
        }
        finally
        {
            Interlocked.Decrement(ref _sleeping);
        }
    }

    private void Share(uint run, int index)
    {
        while (true)
        {
            long open = Volatile.Read(ref _open);
            int left = (int)(uint)open;
            if (RunOf(open) != run || left == 0)
                return;
            if (Interlocked.CompareExchange(ref _open, open - 1, open) != open)
                continue;
            try
            {
                Job job = _job!;
                job.Run(_count - left, Scratch(index, job.ScratchLength));
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref _failure, e, null);
            }
            Interlocked.Decrement(ref _unfinished);
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
