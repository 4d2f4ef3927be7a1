using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>
/// Rows of A that are columns in memory do not come into the cache ahead of time by themselves: between tiles a share of
/// those that are wanted next is asked for, and copied to <paramref name="strip"/> [terms, m] once it has come.
/// </summary>
/// <param name="m">Rows of A.</param>
/// <param name="terms">Terms that are wanted next.</param>
/// <param name="share">Terms at a time.</param>
/// <param name="a">A[p, i] at a + p lda + i.</param>
/// <param name="lda">Floats from one term to the next.</param>
/// <param name="strip">A null reference if they are only asked for.</param>
internal ref struct ColumnsAhead(int m, int terms, int share, ref float a, nint lda, ref float strip)
{
    /// <summary>Rows that are asked for; the first of them, where there are more.</summary>
    public const int MaxRows = 64;

    private readonly ref float _a = ref a;
    private readonly ref float _strip = ref strip;
    private int _asked;
    private int _copied;

    /// <summary>Copies what was asked for last and asks for the next share; false if there is none.</summary>
    public bool Take()
    {
        if (_asked >= terms)
            return false;
        Copy(_asked);
        int count = Math.Min(m, MaxRows);
        for (int stop = Math.Min(terms, _asked + share); _asked < stop; _asked++)
        {
            Prefetch.Ahead(ref _a, _asked * lda, count);
            Prefetch.Ahead(ref _a, _asked * lda + count - 1, 1);
        }

        return true;
    }

    public void Finish() => Copy(terms);

    private void Copy(int end)
    {
        if (!Unsafe.IsNullRef(ref _strip) && _copied < end)
            Panels.Copy(ref Unsafe.Add(ref _a, _copied * lda), lda, m, end - _copied, ref Unsafe.Add(ref _strip, _copied * m), m);
        _copied = end;
    }
}
