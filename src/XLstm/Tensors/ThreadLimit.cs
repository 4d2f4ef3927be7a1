namespace XLstm;

/// <summary>How many threads may help at a time. Thousands of sessions may be open at once, and more threads than this help none of them.</summary>
internal sealed class ThreadLimit(int most)
{
    private int _taken;

    /// <summary>Of all <see cref="Workers"/> together.</summary>
    public static ThreadLimit OfProcess { get; } = new(Math.Max(64, 4 * Environment.ProcessorCount));

    public bool IsReached => Volatile.Read(ref _taken) >= most;

    public bool TryTake()
    {
        if (Interlocked.Increment(ref _taken) <= most)
            return true;
        Return();
        return false;
    }

    public void Return() => Interlocked.Decrement(ref _taken);
}
