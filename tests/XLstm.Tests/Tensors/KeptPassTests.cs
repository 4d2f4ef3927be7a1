namespace XLstm.Tests;

public class KeptPassTests
{
    [Fact]
    public void OneCallAfterTheOtherUsesTheSamePass()
    {
        var kept = new KeptPass(new PassOptions(Threads: 1));
        using var cancellation = new CancellationTokenSource();
        Pass first;
        using (KeptPass.Loan loan = kept.Take(cancellation.Token))
        {
            first = loan.Pass;
            Assert.Equal(cancellation.Token, first.Cancellation);
            first.Rent(new Shape(1000));
        }

        using KeptPass.Loan second = kept.Take(default);
        Assert.Same(first, second.Pass);
        Assert.Equal(default, second.Pass.Cancellation);
        long held = second.Pass.HeldBytes;
        second.Pass.Rent(new Shape(1000));
        Assert.Equal(held, second.Pass.HeldBytes);
    }

    [Fact]
    public void CallsAtTheSameTimeHaveOneEach()
    {
        var kept = new KeptPass(new PassOptions(Threads: 1));
        HashSet<Pass> passes = [];
        for (int i = 0; i < 3; i++)
        {
            using KeptPass.Loan one = kept.Take(default), other = kept.Take(default);
            Assert.NotSame(one.Pass, other.Pass);
            passes.UnionWith([one.Pass, other.Pass]);
        }
        Assert.Equal(2, passes.Count);
    }

    [Fact]
    public void ThreadsOutliveTheMemory()
    {
        var kept = new KeptPass(new PassOptions(Threads: 2));
        (WeakReference Pass, Workers Workers) Use()
        {
            using KeptPass.Loan loan = kept.Take(default);
            return (new WeakReference(loan.Pass), loan.Pass.Workers);
        }

        (WeakReference pass, Workers workers) = Use();
        for (int i = 0; i < 20 && pass.IsAlive; i++)
        {
            Thread.Sleep(5);
            GC.Collect();
        }
        Assert.False(pass.IsAlive);
        using KeptPass.Loan next = kept.Take(default);
        Assert.Same(workers, next.Pass.Workers);
    }

    [Fact]
    public void ACallThatFailedLeavesAPassThatWorks()
    {
        var kept = new KeptPass(new PassOptions(Threads: 2));
        for (int i = 0; i < 3; i++)
        {
            Assert.Throws<OperationCanceledException>(() =>
            {
                using KeptPass.Loan loan = kept.Take(new CancellationToken(canceled: true));
                loan.Pass.Rent(new Shape(10));
                loan.Pass.Cancellation.ThrowIfCancellationRequested();
            });
            using KeptPass.Loan after = kept.Take(default);
            Assert.Equal(6f, after.Pass.Rent(new Shape(3), [1, 2, 3]).Span.ToArray().Sum());
        }
    }

    /// <summary>Nobody has to dispose of it: what it holds is garbage when it is, and its threads end.</summary>
    [Fact]
    public void WhatIsForgottenIsCollected()
    {
        WeakReference Use()
        {
            using KeptPass.Loan loan = new KeptPass(new PassOptions(Threads: 2)).Take(default);
            return new WeakReference(loan.Pass);
        }

        WeakReference pass = Use();
        for (int i = 0; i < 20 && pass.IsAlive; i++)
        {
            Thread.Sleep(5);
            GC.Collect();
        }
        Assert.False(pass.IsAlive);
    }
}
