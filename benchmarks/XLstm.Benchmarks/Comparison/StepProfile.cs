namespace XLstm.Benchmarks.Comparison;

/// <summary>Where the time of a step goes: the kinds of work that the threads share out, and what is done between them.</summary>
internal static class StepProfile
{
    private const double Least = 0.01;

    public static IEnumerable<Row> Of(string group, string whole, Workers workers, Action run, int threads, int steps, string commit)
    {
        run();
        run();
        var times = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        var totals = new List<double>();
        for (int i = 0; i < steps; i++)
        {
            var kinds = new Dictionary<Type, double>();
            workers.Watch = (kind, time) => kinds[kind] = kinds.GetValueOrDefault(kind) + time.TotalMilliseconds;
            long started = System.Diagnostics.Stopwatch.GetTimestamp();
            run();
            double total = System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            totals.Add(total);
            foreach ((string name, double time) in kinds.Select(k => (k.Key.Name, k.Value)).Append(("between runs, on one thread", total - kinds.Values.Sum())))
            {
                if (!times.TryGetValue(name, out List<double>? all))
                    times.Add(name, all = []);
                all.Add(time);
            }
        }
        Figure step = Figure.Of(totals);
        var rows = times.Select(t => (Name: Words(t.Key), Time: Figure.Of(t.Value))).OrderByDescending(t => t.Time.Median).ToList();
        double rest = rows.Where(r => r.Time.Median < Least * step.Median).Sum(r => r.Time.Median);
        return rows.Where(r => r.Time.Median >= Least * step.Median).Append(("all others", new Figure(rest, rest, rest))).Select(r =>
        {
            double share = r.Item2.Median / step.Median;
            return new Row($"{group}/{r.Item1}", r.Item1, threads, "ms", r.Item2, whole, step, new Figure(share, share, share), null, commit);
        });
    }

    // "RowBlockWork" as "row block".
    private static string Words(string name) => string.Concat(
            name.Replace("Work", "", StringComparison.Ordinal).Select((c, i) => i > 0 && char.IsUpper(c) ? " " + char.ToLowerInvariant(c) : char.ToLowerInvariant(c).ToString()))
        .Replace("m lstm", "mLSTM", StringComparison.Ordinal).Replace("s lstm", "sLSTM", StringComparison.Ordinal);
}
