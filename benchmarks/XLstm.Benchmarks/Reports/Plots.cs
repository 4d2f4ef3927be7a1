using System.Globalization;
using ScottPlot;
using XLstm.Benchmarks.Comparison;
using XLstm.Cli.Plotting;

namespace XLstm.Benchmarks.Reports;

/// <summary>The pictures of docs/performance.md, each from the results of one machine.</summary>
internal static class Plots
{
    private const int Width = 900, Height = 480;

    /// <summary>Writes performance-*.png; returns the files.</summary>
    public static IEnumerable<string> Write(IReadOnlyList<Results> all, string folder)
    {
        // One machine's pictures say it all; the one with the most rows is the most complete.
        Results results = all.MaxBy(r => r.Rows.Count)!;
        LabelFont.Register();
        Directory.CreateDirectory(folder);
        Dictionary<string, Plot> plots = new(StringComparer.Ordinal)
        {
            ["performance-time-per-token"] = TimePerToken(results),
            ["performance-training"] = Training(results),
            ["performance-generation"] = Generation(results),
            ["performance-large"] = BesideLlama(all.MaxBy(r => Contexts(r).Length)!),
        };
        foreach ((string name, Plot plot) in plots)
        {
            plot.Font.Set(LabelFont.Name);
            plot.Legend.FontName = LabelFont.Name;
            string file = Path.Combine(folder, name + ".png");
            File.WriteAllBytes(file, plot.GetImageBytes(Width, Height, ImageFormat.Png));
            plot.Dispose();
            yield return file;
        }
    }

    private static Plot TimePerToken(Results results)
    {
        var plot = new Plot();
        Row[] rows = [.. Group(results, "time per token").OrderBy(Number)];
        if (rows.Length > 0)
        {
            Line(plot, rows.Select(r => (Math.Log2(Number(r)), Math.Log10(r.Ours.Median))), "mLSTM, chunkwise (ours)", Colors.C0);
            Row[] peers = [.. rows.Where(r => r.Theirs is not null)];
            if (peers.Length > 0)
                Line(plot, peers.Select(r => (Math.Log2(Number(r)), Math.Log10(r.Theirs!.Median))), Name(peers[^1].Peer!), Colors.C1);
            plot.Axes.Bottom.TickGenerator = Ticks(rows.Select(r => (Math.Log2(Number(r)), Number(r).ToString("N0", CultureInfo.InvariantCulture))));
            plot.Axes.Left.TickGenerator = Ticks(Enumerable.Range(-2, 6).Select(p => ((double)p, Math.Pow(10, p).ToString("G", CultureInfo.InvariantCulture))));
            plot.Axes.SetLimitsY(-1, 2.5);
        }
        plot.Title($"Forward, 4 heads of 64, {Threads(rows)}");
        plot.XLabel("tokens of the sequence");
        plot.YLabel("microseconds per token");
        plot.ShowLegend(Alignment.UpperLeft);
        return plot;
    }

    private static Plot Training(Results results)
    {
        Row[] rows = [.. Group(results, "training").Where(r => string.Equals(r.Unit, "ms", StringComparison.Ordinal) && r.Theirs is not null)];
        Bars bars = new();
        foreach (IGrouping<int, Row> threads in rows.GroupBy(r => r.Threads).OrderBy(g => g.Key))
        {
            string on = threads.Key == 1 ? "1 thread" : $"{threads.Key} threads";
            bars.Add($"ours, {on}", threads.First().Ours.Median, Colors.C0);
            foreach (Row row in threads)
                bars.Add($"{(row.Peer!.StartsWith("floor", StringComparison.Ordinal) ? "floor" : row.Peer.Split(',')[0])}, {on}", row.Theirs!.Median, row.Peer.StartsWith("floor", StringComparison.Ordinal) ? Colors.C2 : Colors.C1);
        }
        return bars.Draw("A training step: 0.83 M parameters, 8 rows of 256 tokens", "milliseconds, logarithmic");
    }

    private static Plot Generation(Results results)
    {
        Row[] rows = [.. Group(results, "generation").Where(r => string.Equals(r.Unit, "GB/s", StringComparison.Ordinal))];
        Bars bars = new();
        foreach (Row row in rows.Where(r => r.Threads == rows.Max(o => o.Threads) && !r.Title.Contains("states", StringComparison.Ordinal)))
        {
            string size = row.Title.Replace("generation, ", "", StringComparison.Ordinal).Split(", weights")[0].Replace(", ", ",\n", StringComparison.Ordinal);
            bars.Add(size, row.Ours.Median, Colors.C0);
            bars.Add("memory", row.Theirs!.Median, Colors.C1);
        }
        return bars.Draw($"Generation, one stream, {Threads(rows)}: weights read for tokens beside what memory delivers", "GB/s", logarithmic: false);
    }

    private static Plot BesideLlama(Results results)
    {
        var plot = new Plot();
        Row[] rows = Contexts(results);
        if (rows.Length > 0)
        {
            Line(plot, rows.Select(r => (Math.Log2(Number(r)), r.Ours.Median)), "xLSTM Large (ours)", Colors.C0);
            Line(plot, rows.Select(r => (Math.Log2(Number(r)), r.Theirs!.Median)), rows[^1].Peer!, Colors.C1);
            plot.Axes.Bottom.TickGenerator = Ticks(rows.Select(r => (Math.Log2(Number(r)), string.Create(CultureInfo.InvariantCulture, $"{Number(r):N0}\n{r.Ratio!.Median:F1} ×"))));
            plot.Axes.SetLimitsY(0, 1.3 * rows.Max(r => Math.Max(r.Ours.Median, r.Theirs!.Median)));
        }
        plot.Title($"Generation with as many bytes of 4-bit weights, {Threads(rows)}");
        plot.XLabel("tokens before");
        plot.YLabel("tokens per second");
        plot.ShowLegend(Alignment.LowerLeft);
        return plot;
    }

    private static Row[] Contexts(Results results) =>
        [.. Group(results, "large").Where(r => r.Id.StartsWith("large/llama decoding", StringComparison.Ordinal) && r.Theirs is not null).OrderBy(Number)];

    private static IEnumerable<Row> Group(Results results, string group) => results.Rows.Where(r => string.Equals(r.Group, group, StringComparison.Ordinal));

    // The number at the end of "time per token/T 4096".
    private static double Number(Row row) => double.Parse(row.Id.Split(' ')[^1], CultureInfo.InvariantCulture);

    private static string Name(string peer) => string.Join(',', peer.Split(',')[..2]);

    private static string Threads(Row[] rows) => rows.Length == 0 || rows.Max(r => r.Threads) == 1 ? "1 thread" : $"{rows.Max(r => r.Threads)} threads";

    private static void Line(Plot plot, IEnumerable<(double X, double Y)> points, string name, Color color)
    {
        (double X, double Y)[] all = [.. points];
        var line = plot.Add.Scatter(all.Select(p => p.X).ToArray(), all.Select(p => p.Y).ToArray(), color);
        (line.LegendText, line.LineWidth, line.MarkerSize) = (name, 2, 7);
    }

    private static ScottPlot.TickGenerators.NumericManual Ticks(IEnumerable<(double Position, string Label)> ticks)
    {
        (double Position, string Label)[] all = [.. ticks];
        return new ScottPlot.TickGenerators.NumericManual(all.Select(t => t.Position).ToArray(), all.Select(t => t.Label).ToArray());
    }

    private sealed class Bars
    {
        private readonly List<(string Label, double Value, Color Color)> _bars = [];

        public void Add(string label, double value, Color color) => _bars.Add((label, value, color));

        public Plot Draw(string title, string unit, bool logarithmic = true)
        {
            var plot = new Plot();
            for (int i = 0; i < _bars.Count; i++)
            {
                var bar = plot.Add.Bar(i, logarithmic ? Math.Log10(_bars[i].Value) : _bars[i].Value, 0);
                bar.Color = _bars[i].Color;
                var label = plot.Add.Text(_bars[i].Value.ToString(_bars[i].Value >= 100 ? "N0" : "F1", CultureInfo.InvariantCulture), i, logarithmic ? Math.Log10(_bars[i].Value) : _bars[i].Value);
                (label.LabelAlignment, label.LabelFontSize, label.LabelFontName, label.OffsetY) = (Alignment.LowerCenter, 14, LabelFont.Name, -4);
            }
            plot.Axes.Bottom.TickGenerator = Ticks(_bars.Select((b, i) => ((double)i, b.Label.Replace(", ", ",\n", StringComparison.Ordinal))));
            if (logarithmic)
                plot.Axes.Left.TickGenerator = Ticks(Enumerable.Range(0, 6).Select(p => ((double)p, Math.Pow(10, p).ToString("N0", CultureInfo.InvariantCulture))));
            double most = _bars.Count == 0 ? 1 : _bars.Max(b => b.Value);
            plot.Axes.SetLimitsY(0, logarithmic ? Math.Log10(most) + 0.5 : most * 1.15);
            plot.Title(title);
            plot.YLabel(unit);
            return plot;
        }
    }
}
