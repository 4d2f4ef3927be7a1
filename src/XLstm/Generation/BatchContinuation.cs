namespace XLstm;

/// <summary>Several prompts that are continued together. Rows leave when they have nothing more to do, so that each costs what it is long.</summary>
internal sealed class BatchContinuation(TextModel model, int[][] prompts, GenerationOptions options)
{
    private readonly List<GeneratedToken>[] _texts = [.. prompts.Select(_ => new List<GeneratedToken>())];

    public IReadOnlyList<GeneratedText> Run(int threads, CancellationToken cancellation)
    {
        using var pass = new Pass(new PassOptions(Threads: threads)) { UpdatesStates = true, Cancellation = cancellation };
        (StackState state, float[] logits) = Read(pass);
        if (options.MaxTokens > 0)
            Continue(pass, state, logits);
        return [.. _texts.Select(t => new GeneratedText(string.Concat(t.Select(x => x.Text)), t, t.Count == 0 ? FinishReason.MaxTokens : t[^1].Finish!.Value))];
    }

    /// <summary>Reads each different prompt once, all side by side; returns a row of the state and of the logits for every prompt.</summary>
    private (StackState State, float[] Logits) Read(Pass pass)
    {
        Dictionary<string, int> places = new(StringComparer.Ordinal);
        List<int[]> different = [];
        int[] placeOf = [.. prompts.Select(prompt =>
        {
            string key = string.Join(' ', prompt);
            if (!places.TryGetValue(key, out int place))
            {
                places.Add(key, place = different.Count);
                different.Add(prompt);
            }
            return place;
        })];
        var states = new StackState[different.Count];
        var logits = new float[different.Count][];
        int[] rows = [.. Enumerable.Range(0, different.Count)];
        StackState state = model.Model.Stack.CreateState(rows.Length);
        int total = different.Sum(p => p.Length), read = 0;
        for (int from = 0; rows.Length > 0; from += Session.Segment)
        {
            int[] lengths = [.. rows.Select(r => Math.Min(Session.Segment, different[r].Length - from))];
            int T = lengths.Max();
            var tokens = new int[rows.Length * T];
            for (int i = 0; i < rows.Length; i++)
                different[rows[i]].AsSpan(from, lengths[i]).CopyTo(tokens.AsSpan(i * T));
            pass.Reset();
            (Tensor hidden, _) = model.Model.LastHidden(tokens, rows.Length, state, pass, lengths);
            Tensor last = model.Model.Logits(hidden, pass);
            read += lengths.Sum();
            options.Progress?.Report(new PromptProgress(read, total));
            for (int i = 0; i < rows.Length; i++)
                if (from + lengths[i] == different[rows[i]].Length)
                    (states[rows[i]], logits[rows[i]]) = (StateRows.Select(state, [i]), last.Span.Slice(i * model.Model.VocabSize, model.Model.VocabSize).ToArray());
            int[] going = [.. Enumerable.Range(0, rows.Length).Where(i => from + lengths[i] < different[rows[i]].Length)];
            if (going.Length < rows.Length && going.Length > 0)
                state = StateRows.Select(state, going);
            rows = [.. going.Select(i => rows[i])];
        }
        return (StateRows.Join([.. placeOf.Select(p => states[p])]), [.. placeOf.SelectMany(p => logits[p])]);
    }

    private void Continue(Pass pass, StackState state, ReadOnlySpan<float> logits)
    {
        int vocabulary = model.Model.VocabSize;
        (int Row, Continuation Text)[] rows = [.. prompts.Select((prompt, i) => (i, new Continuation(model, options with { Seed = options.Seed + (ulong)i }, prompt)))];
        while (true)
        {
            pass.Cancellation.ThrowIfCancellationRequested();
            var tokens = new List<int>();
            var going = new List<int>();
            for (int i = 0; i < rows.Length; i++)
            {
                GeneratedToken next = rows[i].Text.Next(logits.Slice(i * vocabulary, vocabulary));
                _texts[rows[i].Row].Add(next);
                if (next.Finish is not null)
                    continue;
                tokens.Add(next.Token);
                going.Add(i);
            }
            if (going.Count == 0)
                return;
            if (going.Count < rows.Length)
                (state, rows) = (StateRows.Select(state, [.. going]), [.. going.Select(i => rows[i])]);
            pass.Reset();
            (Tensor hidden, _) = model.Model.Hidden([.. tokens], rows.Length, state, pass);
            logits = model.Model.Logits(hidden, pass).Span;
        }
    }
}
