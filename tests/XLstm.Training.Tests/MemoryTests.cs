namespace XLstm.Training.Tests;

/// <summary>Measures the memory of the whole process: nothing may run beside it.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public class Alone;

[Collection(nameof(Alone))]
public class MemoryTests
{
    [Fact]
    public void IsSteadyOverTenThousandSteps()
    {
        using var place = new Place(400);
        RunOptions options = place.Options(steps: 10_000, validateEvery: 500) with { Batch = 1, Context = 4 };
        using LanguageModelRun run = place.Create(options);
        var (managed, held) = (new List<long>(), new List<long>());
        run.Train(
            new Watcher(p =>
            {
                if (p.Step is not (1_000 or 4_000 or 10_000))
                    return;
                managed.Add(GC.GetTotalMemory(forceFullCollection: true));
                held.Add(run.HeldBytes);
            }), TestContext.Current.CancellationToken);
        Assert.Equal([held[0], held[0], held[0]], held);
        Assert.InRange(managed[2] - managed[0], long.MinValue, 10_000);
    }
}
