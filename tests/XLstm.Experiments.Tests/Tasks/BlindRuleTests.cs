using Rule = System.Func<int[], int[], int, int>;

namespace XLstm.Experiments.Tests;

/// <summary>What answers reach that need no memory of what was asked: docs/experiments.md has them beside the figures of models.</summary>
public sealed class BlindRuleTests
{
    // Tokens of a row, the places of its answers, and which of them is asked, to the answer.
    private static readonly Dictionary<string, (double Scaled, Rule Answer)> s_rules = new()
    {
        ["bucket-sort"] = (0.892, (tokens, places, i) => tokens[places[i]] == Rewriting.Act ? 0 : tokens[places[i]]),
        ["stack-manipulation"] = (0.681, (tokens, _, i) => tokens[i] % 8),
        ["modular-arithmetic-brackets"] = (0.135, (_, _, _) => 0),
        ["modular-arithmetic"] = (-0.012, (_, _, _) => 0),
        // Of those that were not said yet the one with a number that depends on the row alone: as good as any.
        ["set"] = (0.247, (tokens, places, i) =>
        {
            int[] left = [.. Enumerable.Range(0, Rewriting.Symbols).Except(tokens[(places[0] + 1)..(places[i] + 1)])];
            return left[tokens.Sum() % left.Length];
        }),
        ["mqar-64-4"] = (0.250, (tokens, places, _) => tokens[1 + (2 * (tokens.Sum() % places.Length))]),
        ["mqar-128-8"] = (0.125, (tokens, places, _) => tokens[1 + (2 * (tokens.Sum() % places.Length))]),
        ["mqar-256-16"] = (0.061, (tokens, places, _) => tokens[1 + (2 * (tokens.Sum() % places.Length))]),
    };

    public static TheoryData<string> Names => new(s_rules.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void ReachesWhatTheDocsSay(string name)
    {
        Experiment experiment = Experiment.Find(name);
        IExperimentTask task = experiment.Task(experiment.Laptop, null);
        (double scaled, Rule answer) = s_rules[name];
        long right = 0, all = 0;
        foreach ((_, SequenceBatch batch) in task.Test)
        {
            var tokens = (TokenBatch)batch;
            int length = tokens.Tokens.Length / tokens.Rows;
            foreach (var row in tokens.Places.Zip(tokens.Targets).GroupBy(p => p.First / length))
            {
                int[] read = tokens.Tokens[(row.Key * length)..((row.Key + 1) * length)], places = [.. row.Select(p => p.First % length)];
                foreach ((int i, (_, int target)) in row.Index())
                {
                    right += answer(read, places, i) == target ? 1 : 0;
                    all++;
                }
            }
        }
        double guess = task.RandomAccuracy!.Value, found = (((double)right / all) - guess) / (1 - guess);
        Assert.InRange(found, scaled - 0.015, scaled + 0.015);
    }
}
