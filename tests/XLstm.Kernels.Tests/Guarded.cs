namespace XLstm.Kernels.Tests;

/// <summary>Memory with a margin on both sides that a kernel must leave alone.</summary>
internal sealed class Guarded
{
    private const int Margin = 37;
    private const float Mark = -7.25e11f;
    private readonly float[] _memory;

    /// <summary>Memory that holds <paramref name="start"/>.</summary>
    public Guarded(ReadOnlySpan<float> start)
    {
        _memory = new float[start.Length + 2 * Margin];
        Array.Fill(_memory, Mark);
        start.CopyTo(Span);
    }

    /// <summary>Memory that holds NaN unless told otherwise, so that an element left unwritten shows.</summary>
    public Guarded(int length, float fill = float.NaN)
        : this(new float[length])
    {
        Span.Fill(fill);
    }

    public Span<float> Span => _memory.AsSpan(Margin, _memory.Length - 2 * Margin);

    /// <summary>The content, after a look at the margins.</summary>
    public ReadOnlySpan<float> Content
    {
        get
        {
            Assert.False(_memory.AsSpan(0, Margin).ContainsAnyExcept(Mark), "written before the start");
            Assert.False(_memory.AsSpan(_memory.Length - Margin).ContainsAnyExcept(Mark), "written past the end");
            return Span;
        }
    }

    public static implicit operator Span<float>(Guarded guarded) => guarded.Span;

    public static implicit operator ReadOnlySpan<float>(Guarded guarded) => guarded.Span;

    public float[] ToArray() => Content.ToArray();

    /// <summary>The content minus what was there before: what a kernel has added.</summary>
    public float[] Added(ReadOnlySpan<float> before)
    {
        float[] added = Content.ToArray();
        for (int i = 0; i < added.Length; i++)
            added[i] -= before[i];
        return added;
    }
}
