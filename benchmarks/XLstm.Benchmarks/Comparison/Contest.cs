namespace XLstm.Benchmarks.Comparison;

/// <summary>One side of a row: works for about so many seconds and returns its value in the unit of the row.</summary>
internal delegate double Side(double seconds);

/// <summary>A row to be measured.</summary>
/// <param name="Id">Group, a slash, and what tells it from others of the group.</param>
/// <param name="Title">As in the table.</param>
/// <param name="Threads">Threads of both sides.</param>
/// <param name="Unit">Of both sides' values.</param>
/// <param name="Target">What is asked, or null.</param>
/// <param name="Prepare">Allocates; called when the row's turn comes.</param>
internal sealed record Contest(string Id, string Title, int Threads, string Unit, Target? Target, Func<Sides> Prepare)
{
    /// <summary>A short call says nothing; a time below this is repeated.</summary>
    private const double FullBudget = 0.25, QuickBudget = 0.05;
    private const int FullRounds = 9, QuickRounds = 3;

    // Threads that have just been used by one side look for more work for some time before they sleep.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(60);

    /// <summary>A larger value is the better one.</summary>
    private bool IsRate => Unit.EndsWith("/s", StringComparison.Ordinal);

    /// <summary>Both sides in turn, round by round.</summary>
    public Row Run(bool quick, string commit)
    {
        double budget = quick ? QuickBudget : FullBudget;
        int rounds = quick ? QuickRounds : FullRounds;
        using Sides sides = Prepare();
        (string Name, Side Run)? peer = Fastest(sides.Peers, budget);
        List<double> ours = [], theirs = [];
        for (int round = 0; round < (sides.Constant ? 1 : rounds); round++)
        {
            ours.Add(sides.Ours(budget));
            Thread.Sleep(s_pause);
            if (peer is not { } other)
                continue;
            theirs.Add(other.Run(budget));
            Thread.Sleep(s_pause);
        }
        bool alone = peer is null;
        return new Row(
            Id, Title, Threads, Unit, Figure.Of(ours), peer?.Name, alone ? null : Figure.Of(theirs),
            alone ? null : Figure.Of(ours.Zip(theirs, (o, t) => o / t)), Target, commit);
    }

    // The peer at its best: where there are several versions or settings, the one that is fastest here.
    private (string Name, Side Run)? Fastest(List<(string Name, Side Run)> peers, double budget)
    {
        if (peers.Count <= 1)
            return peers.Count == 0 ? null : peers[0];
        (string Name, Side Run)[] order = [.. peers.OrderBy(p =>
        {
            Thread.Sleep(s_pause);
            double value = p.Run(budget);
            return IsRate ? -value : value;
        })];
        return order[0];
    }
}

/// <summary>What takes part in a row, with what it holds.</summary>
internal sealed class Sides(Side ours, params IDisposable[] held) : IDisposable
{
    public Side Ours => ours;

    public List<(string Name, Side Run)> Peers { get; init; } = [];

    /// <summary>A number that is counted, not timed.</summary>
    public bool Constant { get; init; }

    public static Side Milliseconds(Action call) => seconds => 1e3 * Timing.Seconds(call, seconds);

    /// <summary>Work per second, in units of <paramref name="work"/>.</summary>
    public static Side Rate(double work, Action call) => seconds => work / Timing.Seconds(call, seconds);

    public void Dispose()
    {
        foreach (IDisposable each in held)
            each.Dispose();
    }
}
