namespace XLstm.Tests;

public class WorkersTests
{
    private readonly struct Count(int[] counts) : IWork
    {
        public int ScratchLength => 16;

        public void Run(int index, Span<float> scratch)
        {
            Assert.Equal(16, scratch.Length);
            Interlocked.Increment(ref counts[index]);
        }
    }

    private readonly struct Fail(int at, int scratchLength = 0) : IWork
    {
        public int ScratchLength => scratchLength;

        public void Run(int index, Span<float> scratch)
        {
            if (index == at)
                throw new InvalidDataException($"piece {index}");
        }
    }

    /// <summary>Two pieces that write to the scratch they were given and read it back after the other has run.</summary>
    private readonly struct Meet(Barrier barrier, bool[] kept) : IWork
    {
        public int ScratchLength => 1000;

        public void Run(int index, Span<float> scratch)
        {
            scratch.Fill(index);
            barrier.SignalAndWait(TimeSpan.FromSeconds(30));
            kept[index] = scratch.IndexOfAnyExcept(index) < 0;
        }
    }

    private readonly struct Who(int[] threads) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch) => threads[index] = Environment.CurrentManagedThreadId;
    }

    [Fact]
    public void SmallRunsStayWithTheCaller()
    {
        using var workers = new Workers(4);
        var counts = new int[4];
        workers.Run(4, new Count(counts)); // starts the threads
        for (int i = 0; i < 100; i++)
        {
            var threads = new int[50];
            workers.Run(50, new Who(threads), operations: 1000);
            Assert.All(threads, t => Assert.Equal(Environment.CurrentManagedThreadId, t));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void EveryPieceRunsOnceInThousandsOfRuns(int threads)
    {
        using var workers = new Workers(threads);
        Assert.Equal(threads, workers.Count);
        var counts = new int[17];
        int runs = 0;
        for (int i = 0; i < 3000; i++)
        {
            int pieces = i % 18;
            workers.Run(pieces, new Count(counts));
            runs += pieces;
        }
        Assert.Equal(runs, counts.Sum());
        // Pieces 0 to n-1 of each run: the earlier ones have run more often.
        for (int i = 1; i < counts.Length; i++)
            Assert.InRange(counts[i], 1, counts[i - 1]);
        Assert.Equal(Enumerable.Range(0, 3000).Count(i => i % 18 > 16), counts[16]);
    }

    [Fact]
    public void SleepingThreadsWakeUp()
    {
        using var workers = new Workers(3);
        var counts = new int[5];
        for (int i = 0; i < 20; i++)
        {
            workers.Run(5, new Count(counts));
            Thread.Sleep(i % 4 * 5); // long enough for the threads to stop spinning, or not
        }
        Assert.All(counts, c => Assert.Equal(20, c));
    }

    [Fact]
    public void IdleThreadsEndAndOthersStart()
    {
        using var workers = new Workers(3) { Patience = TimeSpan.FromMilliseconds(20) };
        var counts = new int[5];
        for (int i = 0; i < 3; i++)
        {
            workers.Run(5, new Count(counts));
            Assert.InRange(workers.Running, 0, 2);
            Assert.True(SpinWait.SpinUntil(() => workers.Running == 0, TimeSpan.FromSeconds(30)));
        }
        Assert.All(counts, c => Assert.Equal(3, c));
    }

    /// <summary>Threads that are about to end when the next run opens.</summary>
    [Fact]
    public void NoPieceIsLostWhileThreadsEnd()
    {
        using var workers = new Workers(3) { Patience = TimeSpan.FromMilliseconds(1) };
        var counts = new int[7];
        for (int i = 0; i < 500; i++)
        {
            workers.Run(7, new Count(counts));
            Thread.Sleep(i % 5);
        }
        Assert.All(counts, c => Assert.Equal(500, c));
    }

    [Fact]
    public void PiecesDoNotShareScratch()
    {
        using var workers = new Workers(2);
        using var barrier = new Barrier(2);
        for (int i = 0; i < 50; i++)
        {
            var kept = new bool[2];
            workers.Run(2, new Meet(barrier, kept));
            Assert.Equal([true, true], kept);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void AnExceptionReachesTheCallerAndTheNextRunWorks(int threads)
    {
        using var workers = new Workers(threads);
        for (int at = 0; at < 20; at++)
        {
            Assert.Equal($"piece {at}", Assert.Throws<InvalidDataException>(() => workers.Run(20, new Fail(at))).Message);
            workers.Run(20, new Fail(-1));
            var counts = new int[20];
            workers.Run(20, new Count(counts));
            Assert.All(counts, c => Assert.Equal(1, c));
        }
    }

    [Fact]
    public void ScratchThatCannotBeHadIsAnException()
    {
        using var workers = new Workers(2);
        Assert.ThrowsAny<Exception>(() => workers.Run(2, new Fail(-1, scratchLength: -1)));
        workers.Run(2, new Fail(-1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void DisposeTwice(int threads)
    {
        var workers = new Workers(threads);
        workers.Run(3, new Fail(-1));
        workers.Dispose();
        workers.Dispose();
        new Workers(threads).Dispose();
    }

    private readonly struct Wait(ManualResetEventSlim begun, ManualResetEventSlim goOn) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch)
        {
            begun.Set();
            goOn.Wait(TimeSpan.FromSeconds(30));
        }
    }

    [Fact]
    public void ARunThatIsOpenWhenTheThreadsEndComesToItsEnd()
    {
        for (int i = 0; i < 20; i++)
        {
            var workers = new Workers(3);
            using var begun = new ManualResetEventSlim();
            using var goOn = new ManualResetEventSlim();
            var counts = new int[4];
            var running = new Thread(() =>
            {
                workers.Run(6, new Wait(begun, goOn));
                workers.Run(4, new Count(counts));
            });
            running.Start();
            begun.Wait(TestContext.Current.CancellationToken);
            var disposing = new Thread(workers.Dispose);
            disposing.Start();
            Thread.Sleep(i % 4);
            goOn.Set();
            Assert.True(running.Join(TimeSpan.FromSeconds(30)) && disposing.Join(TimeSpan.FromSeconds(30)));
            Assert.All(counts, c => Assert.Equal(1, c));
        }
    }

    [Fact]
    public void ThreadsOfAllWorkersAreLimited()
    {
        var limit = new ThreadLimit(5);
        Workers[] all = [.. Enumerable.Range(0, 4).Select(_ => new Workers(3, limit))];
        var counts = new int[6];
        foreach (Workers workers in all)
            workers.Run(6, new Count(counts));
        Assert.Equal([2, 2, 1, 0], all.Select(w => w.Running));
        Assert.True(limit.IsReached);
        all[0].Dispose();
        all[3].Run(6, new Count(counts));
        Assert.Equal(2, all[3].Running);
        Assert.All(counts, c => Assert.Equal(5, c));
        foreach (Workers workers in all)
            workers.Dispose();
        Assert.False(limit.IsReached);
    }

    /// <summary>A worker that waits for its next run keeps no tensor of the last one alive.</summary>
    [Fact]
    public void NothingIsKeptBetweenRuns()
    {
        using var workers = new Workers(2);
        WeakReference Run()
        {
            var counts = new int[4];
            workers.Run(4, new Count(counts));
            return new WeakReference(counts);
        }

        WeakReference counts = Run();
        for (int i = 0; i < 20 && counts.IsAlive; i++)
        {
            Thread.Sleep(5);
            GC.Collect();
        }
        Assert.False(counts.IsAlive);
    }
}
