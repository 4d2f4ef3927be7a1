using XLstm.Kernels;

namespace XLstm;

/// <summary>How the mLSTM is computed over a sequence; the numbers agree to rounding.</summary>
public enum MLstmForm
{
    /// <summary>In chunks: linear in T, the form for training and prefill.</summary>
    Chunkwise,

    /// <summary>All T x T pairs at once, as the paper's parallel equations.</summary>
    Parallel,

    /// <summary>Step by step; no gradients. A pass that does not record takes a single step in this form, whatever is asked for.</summary>
    Recurrent,
}

/// <summary>What a <see cref="Pass"/> is for.</summary>
/// <param name="Record">Keep what <see cref="Pass.Backward"/> needs.</param>
/// <param name="Training">Dropout is active.</param>
/// <param name="Threads">Threads to use, 0 for one per processor. Results do not depend on it.</param>
/// <param name="Seed">Seed of the dropout masks.</param>
/// <param name="Form">How the mLSTM is computed.</param>
/// <param name="ChunkLength">Steps in a chunk of the chunkwise form.</param>
/// <param name="Recompute">
/// Of each block keep its input only, and run it once more in the backward pass: the same numbers in far less memory, for
/// about a third more time.
/// </param>
public sealed record PassOptions(
    bool Record = false, bool Training = false, int Threads = 0, ulong Seed = 0,
    MLstmForm Form = MLstmForm.Chunkwise, int ChunkLength = MLstmChunkwise.DefaultChunkLength, bool Recompute = false)
{
    /// <summary>A pass that learns: records, and dropout is active.</summary>
    public static PassOptions ForTraining { get; } = new(Record: true, Training: true);
}

/// <summary>
/// Everything that one run through a model needs beside the model: memory, threads, the tape, the random seed and
/// cancellation. Not thread-safe; one per thread that runs a model. Reusing a pass for runs of the same shapes allocates
/// nothing: call <see cref="Reset"/> between them.
/// </summary>
public sealed class Pass : IDisposable
{
    private readonly TensorPool _pool = new();
    private readonly List<Node> _tape = [];
    private long _dropoutOffset;

    /// <summary>A pass without gradients unless <paramref name="options"/> say otherwise.</summary>
    public Pass(PassOptions? options = null) : this(options, null)
    {
    }

    /// <summary>With the threads of a pass that nobody uses any more; null for its own.</summary>
    internal Pass(PassOptions? options, Workers? workers)
    {
        Options = options ?? new PassOptions();
        ArgumentOutOfRangeException.ThrowIfNegative(Options.Threads, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(Options.ChunkLength, 1, nameof(options));
        Workers = workers ?? new Workers(Options.Threads == 0 ? Environment.ProcessorCount : Options.Threads);
        Seed = Options.Seed;
        Record = Options.Record;
    }

    /// <summary>What this pass is for.</summary>
    public PassOptions Options { get; }

    /// <summary>Stops the work between operations, with <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken Cancellation { get; set; }

    /// <summary>Seed of the dropout masks; change it for every training step.</summary>
    public ulong Seed { get; set; }

    /// <summary>Bytes of tensor memory that the pass holds for reuse.</summary>
    public long HeldBytes => _pool.Held * sizeof(float);

    internal Workers Workers { get; }

    internal int TapeLength => _tape.Count;

    internal long Rents => _pool.Rents;

    /// <summary>Whether operations leave nodes on the tape now; not while a block runs that is recomputed later.</summary>
    internal bool Record { get; private set; }

    /// <summary>Whether states that enter an operation are overwritten with the states that leave it (sessions).</summary>
    internal bool UpdatesStates { get; init; }

    /// <summary>Told how many blocks of a stack are through, after each.</summary>
    internal Action<int>? BlockDone { get; set; }

    /// <summary>Looks at the output of every block: <see cref="FirstNonFinite"/> names the first that is not finite.</summary>
    internal bool WatchesBlocks { get; set; }

    internal string? FirstNonFinite { get; private set; }

    /// <summary>Uninitialised memory until <see cref="Reset"/>.</summary>
    public Tensor Rent(Shape shape) => _pool.Rent(shape);

    /// <summary>A tensor of this pass with a copy of <paramref name="values"/>.</summary>
    public Tensor Rent(Shape shape, ReadOnlySpan<float> values)
    {
        if (values.Length != shape.Length)
            throw new ArgumentException($"values has {values.Length} elements, shape {shape} needs {shape.Length}.", nameof(values));
        Tensor tensor = _pool.Rent(shape);
        values.CopyTo(tensor.Span);
        return tensor;
    }

    /// <summary>Ends the run: every tensor of this pass may be reused, the tape is empty.</summary>
    public void Reset()
    {
        _tape.Clear();
        _pool.Reset();
        _dropoutOffset = 0;
    }

    /// <summary>
    /// Computes the gradient of <paramref name="loss"/> (one number, or the sum of its elements) with respect to every
    /// tensor that requires one, adding to what their <see cref="Tensor.Gradient"/> already holds.
    /// </summary>
    /// <exception cref="InvalidOperationException">The pass does not record, or the loss depends on nothing that requires a gradient.</exception>
    public void Backward(Tensor loss, float scale = 1f)
    {
        if (!Options.Record)
            throw new InvalidOperationException("This pass does not record; create it with new PassOptions(Record: true).");
        if (!loss.RequiresGradient)
            throw new InvalidOperationException("The loss does not depend on any tensor that requires a gradient.");
        GradientOf(loss).Fill(scale);
        BackwardTo(0);
    }

    private void BackwardTo(int start)
    {
        while (_tape.Count > start)
        {
            Cancellation.ThrowIfCancellationRequested();
            Node node = _tape[^1];
            _tape.RemoveAt(_tape.Count - 1);
            if (node.HasGradient)
                node.Backward(this);
            // Whatever comes earlier on the tape cannot read a later output's gradient.
            node.Release(_pool);
        }
    }

    /// <summary>Runs a block without a tape; its backward runs it again with one (<see cref="PassOptions.Recompute"/>).</summary>
    internal (Tensor Output, CellState State) Recomputed(IXLstmBlock block, Tensor x, CellState? state, int[]? lengths)
    {
        long dropoutOffset = _dropoutOffset, mark = Rents;
        Record = false;
        try
        {
            (Tensor output, CellState next) = block.Forward(x, state, this, lengths);
            ReturnSince(mark, output, next);
            Add(new RecomputedNode(block, x, state, lengths, dropoutOffset, output, next));
            return (output, next);
        }
        finally
        {
            Record = true;
        }
    }

    private sealed class RecomputedNode(IXLstmBlock block, Tensor x, CellState? state, int[]? lengths, long dropoutOffset, Tensor output, CellState next)
        : Node([output, .. next.Tensors.Select(t => t.Tensor)])
    {
        public override void Backward(Pass pass)
        {
            // Gradients of what the block reads outlive it: their memory is taken before the mark.
            pass.GradientOf(x);
            foreach ((_, Tensor tensor) in state?.Tensors ?? [])
                pass.GradientOf(tensor);
            long mark = pass.Rents;
            int start = pass._tape.Count;
            pass._dropoutOffset = dropoutOffset;
            (Tensor again, CellState nextAgain) = block.Forward(x, state, pass, lengths);
            HandOver(output, again);
            foreach (((_, Tensor from), (_, Tensor to)) in next.Tensors.Zip(nextAgain.Tensors))
                HandOver(from, to);
            pass.BackwardTo(start);
            pass.ReturnSince(mark, null, null);
        }

        private static void HandOver(Tensor from, Tensor to) => (to.Gradient, from.Gradient) = (from.Gradient, null);
    }

    public void Dispose() => Workers.Dispose();

    internal void Watch(Tensor output, string name)
    {
        if (WatchesBlocks && FirstNonFinite is null && !Elementwise.AllFinite(output.Span))
            FirstNonFinite = name;
    }

    /// <summary>The whole gradient of a tensor, to add to; empty where nobody wants it.</summary>
    internal Span<float> GradientOf(Tensor? tensor)
    {
        GradientSum sum = SumOf(tensor);
        return tensor is null ? default : sum.Part(0, tensor.Length);
    }

    /// <summary>The gradient of a tensor, to add to piece by piece.</summary>
    internal GradientSum SumOf(Tensor? tensor)
    {
        if (tensor is null || !tensor.RequiresGradient)
            return default;
        bool empty = tensor.Gradient is null;
        tensor.Gradient ??= tensor.Pooled ? _pool.Rent(tensor.Shape) : new Tensor(tensor.Shape);
        return new GradientSum(tensor.Gradient, empty);
    }

    /// <summary>Registers a recorded operation; its outputs require gradients from here on.</summary>
    internal void Add(Node node)
    {
        node.Require();
        _tape.Add(node);
    }

    internal void Return(Tensor tensor) => _pool.Return(tensor);

    internal void ReturnSince(long mark, Tensor? output, CellState? state) => _pool.ReturnSince(mark, output, state);

    internal long NextDropoutOffset(int length)
    {
        long offset = _dropoutOffset;
        _dropoutOffset += length;
        return offset;
    }
}

/// <summary>
/// A gradient that one operation adds to. The first to do so finds memory that holds nothing yet: each piece clears its own
/// part just before it adds, while it is at hand in the cache, and every element belongs to one piece.
/// </summary>
internal readonly struct GradientSum(Tensor? gradient, bool empty)
{
    /// <summary>Whether anybody wants it.</summary>
    public bool Wanted => gradient is not null;

    /// <summary>Whether there is something to add to; otherwise an operation may as well write.</summary>
    public bool Holds => !empty;

    /// <summary>The memory itself.</summary>
    public Tensor Tensor => gradient!;

    /// <summary>Elements to add to; empty where nobody wants them.</summary>
    public Span<float> Part(int start, int count)
    {
        if (gradient is null)
            return default;
        Span<float> part = gradient.Span.Slice(start, count);
        if (empty)
            part.Clear();
        return part;
    }
}

/// <summary>One recorded operation: what its backward needs, and the backward.</summary>
internal abstract class Node(params ReadOnlySpan<Tensor?> outputs)
{
    private readonly Tensor?[] _outputs = outputs.ToArray();

    public bool HasGradient
    {
        get
        {
            foreach (Tensor? output in _outputs)
                if (output?.Gradient is not null)
                    return true;
            return false;
        }
    }

    public abstract void Backward(Pass pass);

    public void Require()
    {
        foreach (Tensor? output in _outputs)
            if (output is not null)
                output.RequiresGradient = true;
    }

    public void Release(TensorPool pool)
    {
        foreach (Tensor? output in _outputs)
            if (output?.Gradient is { } gradient)
            {
                pool.Return(gradient);
                output.Gradient = null;
            }
    }
}
