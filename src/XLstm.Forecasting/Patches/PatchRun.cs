namespace XLstm.Forecasting;

/// <summary>Patches of one series to be read: the first ends before <see cref="End"/>, each other P values later.</summary>
/// <param name="Coding">How.</param>
/// <param name="Values">The series.</param>
/// <param name="End">One past the last value of the first patch.</param>
/// <param name="Count">Patches.</param>
/// <param name="Before">The state before the first, or null; all rows of a batch have one or none.</param>
/// <param name="BeforeRow">Its row.</param>
internal sealed record PatchRow(SeriesCoding Coding, ReadOnlyMemory<double> Values, int End, int Count, StackState? Before, int BeforeRow = 0);

/// <summary>Runs an <see cref="IPatchModel"/> over batches of series.</summary>
internal static class PatchRun
{
    /// <summary>Patches that go through a network at a time: more cost memory and gain nothing.</summary>
    public const int BatchTokens = 2048;

    // The difference of two larger ones may be no number any more.
    private const double Largest = 1e300;

    /// <summary>The value, or NaN if it counts as missing.</summary>
    public static double Usable(double value) => Math.Abs(value) <= Largest ? value : double.NaN;

    /// <summary>The last values of a series, at most <paramref name="most"/>, from the first of these that is there.</summary>
    public static double[] Context(double[] series, int most)
    {
        double[] values = Last(series, most);
        int first = Array.FindIndex(values, x => !double.IsNaN(x));
        return first < 0 ? [] : values[first..];
    }

    /// <summary>The last values of a series, at most <paramref name="most"/>, with NaN for what counts as missing.</summary>
    public static double[] Last(double[] series, int most)
    {
        double[] values = series[Math.Max(0, series.Length - most)..];
        for (int i = 0; i < values.Length; i++)
            values[i] = Usable(values[i]);
        return values;
    }

    /// <summary>Patches of a context; one, without values, where there is none.</summary>
    public static int Patches(this IPatchModel model, int length) => Math.Max(1, (length + model.Patch - 1) / model.Patch);

    /// <summary>The row of a whole context.</summary>
    public static PatchRow Row(this IPatchModel model, double[] context)
    {
        int patches = model.Patches(context.Length);
        return new PatchRow(model.Code(context), context, context.Length - ((patches - 1) * model.Patch), patches, model.Before(patches));
    }

    /// <summary>Rows that go through the network together: of like lengths, as a batch is as long as its longest row.</summary>
    public static IEnumerable<int[]> Batches(IReadOnlyList<PatchRow> rows, int more = 0)
    {
        foreach (IGrouping<bool, int> alike in Enumerable.Range(0, rows.Count).OrderBy(i => rows[i].Count).ThenBy(i => i).GroupBy(i => rows[i].Before is null))
        {
            var batch = new List<int>();
            foreach (int i in alike)
            {
                if (batch.Count > 0 && (batch.Count + 1) * (rows[i].Count + more) > BatchTokens)
                {
                    yield return [.. batch];
                    batch.Clear();
                }
                batch.Add(i);
            }
            yield return [.. batch];
        }
    }

    /// <summary>The tokens of rows [B, T, F], the state before them, and their lengths, or null where all are equal.</summary>
    public static (Tensor Tokens, StackState? State, int[]? Lengths) Tokens(IPatchModel model, PatchRow[] rows, Pass pass)
    {
        int P = model.Patch, F = model.TokenLength, B = rows.Length, T = rows.Max(r => r.Count);
        Tensor tokens = pass.Rent(new Shape(B, T, F));
        tokens.Span.Clear();
        Each(B, pass, Fill);
        StackState? state = rows[0].Before is null ? null : StateRows.Gather([.. rows.Select(r => (r.Before!, r.BeforeRow))], pass);
        return (tokens, state, rows.All(r => r.Count == T) ? null : [.. rows.Select(r => r.Count)]);

        void Fill(int b)
        {
            for (int t = 0; t < rows[b].Count; t++)
                rows[b].Coding.Read(rows[b].Values.Span, rows[b].End + (t * P), tokens.Span.Slice(((b * T) + t) * F, F));
        }
    }

    /// <summary>Reads rows: what the blocks make of the last patch of each [B, 1, D], its token [B, 1, F], and the state after it.</summary>
    public static (Tensor Hidden, Tensor Token, StackState State) Read(IPatchModel model, PatchRow[] rows, Pass pass)
    {
        (Tensor tokens, StackState? state, int[]? lengths) = Tokens(model, rows, pass);
        int B = rows.Length, T = tokens.Shape[1];
        int[] last = [.. Enumerable.Range(0, B).Select(b => (b * T) + (lengths is null ? T : lengths[b]) - 1)];
        (Tensor hidden, StackState next) = model.Read(tokens, state, pass, lengths, all => Pick(all, last, B, pass));
        return (hidden, Pick(tokens, last, B, pass), next);
    }

    /// <summary>
    /// Forecasts after what <see cref="Read"/> returned. Steps past H come from patches in which everything is missing, read on from the state,
    /// which stays as it is.
    /// </summary>
    public static Forecast[] Forecast(IPatchModel model, PatchRow[] rows, (Tensor Hidden, Tensor Token, StackState State) read, int horizon, Pass pass)
    {
        int P = model.Patch, H = model.Outputs, B = rows.Length, rolls = (horizon - 1) / H, Q = XLstm.Forecasting.Forecast.StandardLevels.Count;
        double[][][] quantiles = [.. Enumerable.Range(0, B).Select(_ => Enumerable.Range(0, Q).Select(_ => new double[horizon]).ToArray())];
        var series = new ReadOnlyMemory<double>[B];
        for (int b = 0; b < B; b++)
            series[b] = rolls == 0 ? rows[b].Values : (double[])[.. rows[b].Values.Span, .. Enumerable.Repeat(double.NaN, rolls * H)];
        Write(read.Hidden, read.Token, 0);
        if (rolls > 0)
        {
            var rolled = new PatchRow[B];
            for (int b = 0; b < B; b++)
                rolled[b] = new PatchRow(rows[b].Coding, series[b], rows[b].Values.Length + P, rolls * H / P, read.State, b);
            (Tensor tokens, StackState? state, _) = Tokens(model, rolled, pass);
            // Of each H steps the last patch tells what follows them.
            int[] last = [.. Enumerable.Range(1, B * rolls).Select(i => (i * (H / P)) - 1)];
            (Tensor hidden, _) = model.Read(tokens, state, pass, null, all => Pick(all, last, B, pass));
            Write(hidden, Pick(tokens, last, B, pass), H);
        }
        var forecasts = new Forecast[B];
        for (int b = 0; b < B; b++)
            forecasts[b] = new Forecast(quantiles[b]) { Warnings = rows[b].Coding.Warnings(horizon) };
        return forecasts;

        void Write(Tensor hidden, Tensor token, int from)
        {
            Tensor outputs = model.Quantiles(hidden, token, pass);
            int count = hidden.Shape[1];
            for (int b = 0; b < B; b++)
                for (int t = 0; t < count; t++)
                    rows[b].Coding.Write(series[b].Span, outputs.Span.Slice(((b * count) + t) * Q * H, Q * H), from + (t * H), quantiles[b]);
        }
    }

    /// <summary>Forecasts of contexts, each as if it were alone.</summary>
    public static Forecast[] Forecast(IPatchModel model, IReadOnlyList<double[]> contexts, int horizon, Pass pass)
    {
        var rows = new PatchRow[contexts.Count];
        Each(rows.Length, pass, i => rows[i] = model.Row(contexts[i]));
        Forecast?[] forecasts = [.. rows.Select(r => r.Coding.Simple(horizon))];
        int[] others = [.. Enumerable.Range(0, rows.Length).Where(i => forecasts[i] is null)];
        foreach (int[] batch in Batches([.. others.Select(i => rows[i])], (horizon - 1) / model.Outputs * model.Outputs / model.Patch))
        {
            PatchRow[] alike = [.. batch.Select(i => rows[others[i]])];
            Forecast[] of = Forecast(model, alike, Read(model, alike, pass), horizon, pass);
            for (int i = 0; i < batch.Length; i++)
                forecasts[others[batch[i]]] = of[i];
            pass.Reset();
        }
        return forecasts!;
    }

    /// <summary>What every block makes of each, after it, without the memory of how it came to it.</summary>
    public static IReadOnlyList<Tensor> Layers(BlockSequence stack, Tensor x, StackState? state, Pass pass, int[]? lengths)
    {
        var layers = new Tensor[stack.Blocks.Count];
        for (int i = 0; i < layers.Length; i++)
        {
            long mark = pass.Rents;
            layers[i] = x = stack.Blocks[i].Forward(x, state?.Blocks[i], pass, lengths).Output;
            pass.ReturnSince(mark, x, null);
        }
        return layers;
    }

    /// <summary>What every block makes of every patch of the rows.</summary>
    public static PatchEmbeddings[] Embed(IPatchModel model, PatchRow[] rows, Pass pass)
    {
        var embeddings = new PatchEmbeddings[rows.Length];
        foreach (int[] batch in Batches(rows))
        {
            (Tensor tokens, StackState? state, int[]? lengths) = Tokens(model, [.. batch.Select(i => rows[i])], pass);
            IReadOnlyList<Tensor> layers = model.Layers(tokens, state, pass, lengths);
            for (int b = 0; b < batch.Length; b++)
                embeddings[batch[b]] = new PatchEmbeddings(layers, b, rows[batch[b]].Count);
            pass.Reset();
        }
        return embeddings;
    }

    private static void Each(int count, Pass pass, Action<int> work)
    {
        if (count == 1)
            work(0);
        else
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = pass.Workers.Count }, work);
    }

    // Rows of [B, T, D] as [B, n, D]
    private static Tensor Pick(Tensor from, int[] rows, int B, Pass pass)
    {
        int D = from.Shape.Last;
        Tensor picked = pass.Rent(new Shape(B, rows.Length / B, D));
        for (int i = 0; i < rows.Length; i++)
            from.Span.Slice(rows[i] * D, D).CopyTo(picked.Span[(i * D)..]);
        return picked;
    }
}
