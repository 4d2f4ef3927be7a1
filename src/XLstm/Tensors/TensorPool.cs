using System.Numerics;

namespace XLstm;

/// <summary>
/// Keeps the memory of past passes, by size, so that a pass like the one before allocates nothing. Sizes are rounded up to
/// an eighth of a power of two, so that passes of similar lengths share memory.
/// </summary>
internal sealed class TensorPool
{
    private readonly Dictionary<int, Stack<Tensor>> _free = [];
    private readonly List<Tensor> _rented = [];

    /// <summary>Floats held, in use or not.</summary>
    public long Held { get; private set; }

    /// <summary>Tensors handed out so far: a mark, since what is rented later can be given back by <see cref="ReturnSince"/>.</summary>
    public long Rents { get; private set; }

    public Tensor Rent(Shape shape)
    {
        int capacity = Capacity(shape.Length);
        Tensor tensor;
        if (_free.TryGetValue(capacity, out Stack<Tensor>? stack) && stack.Count > 0)
            tensor = stack.Pop();
        else
        {
            tensor = new Tensor(new Shape(capacity), GC.AllocateUninitializedArray<float>(capacity)) { Pooled = true };
            Held += capacity;
        }
        tensor.Shape = shape;
        tensor.RequiresGradient = false;
        tensor.Gradient = null;
        tensor.RentedAs = ++Rents;
        _rented.Add(tensor);
        return tensor;
    }

    /// <summary>Gives one tensor back before the pass ends; it must not be used again.</summary>
    public void Return(Tensor tensor)
    {
        // Gradients are returned in about the reverse order of renting.
        int index = _rented.LastIndexOf(tensor);
        if (index < 0)
            return;
        _rented[index] = _rented[^1];
        _rented.RemoveAt(_rented.Count - 1);
        Put(tensor);
    }

    /// <summary>Gives back what was rented since <see cref="Rents"/> was <paramref name="mark"/>, but for an output and a state.</summary>
    public void ReturnSince(long mark, Tensor? output, CellState? state)
    {
        int kept = 0;
        for (int i = 0; i < _rented.Count; i++)
        {
            Tensor tensor = _rented[i];
            if (tensor.RentedAs <= mark || tensor == output || (state is not null && state.Holds(tensor)))
                _rented[kept++] = tensor;
            else
                Put(tensor);
        }
        if (kept < _rented.Count)
            _rented.RemoveRange(kept, _rented.Count - kept);
    }

    public void Reset()
    {
        foreach (Tensor tensor in _rented)
            Put(tensor);
        _rented.Clear();
    }

    private void Put(Tensor tensor)
    {
        if (!_free.TryGetValue(tensor.Capacity, out Stack<Tensor>? stack))
            _free.Add(tensor.Capacity, stack = new Stack<Tensor>());
        stack.Push(tensor);
    }

    private static int Capacity(int length)
    {
        if (length <= 64)
            return 64;
        int step = 1 << Math.Max(0, BitOperations.Log2((uint)length) - 3);
        return (int)Math.Min(int.MaxValue - 64, ((long)length + step - 1) / step * step);
    }
}
