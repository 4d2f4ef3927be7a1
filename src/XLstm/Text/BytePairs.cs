using System.Buffers;
using System.Text;

namespace XLstm;

/// <summary>Byte-pair merging within one piece of text: of all pairs of neighbours the one that was learned first is joined, the leftmost of equals, until none is left.</summary>
/// <remarks>A queue of pairs rather than a search for the best after each join: time n log n, so that a long piece without a space costs no more per byte than others.</remarks>
internal sealed class BytePairs
{
    // Words come again and again; what is kept of them stays small.
    private const int LongestKnown = 16, MostKnown = 1 << 14;

    private readonly Dictionary<long, (int Rank, int Joined)> merges;
    private readonly int[] tokenOfByte;

    /// <param name="tokenOfByte">The tokens to start from.</param>
    /// <param name="merges">What each <see cref="Pair"/> becomes, and how early it was learned.</param>
    internal BytePairs(int[] tokenOfByte, Dictionary<long, (int Rank, int Joined)> merges) => (this.tokenOfByte, this.merges) = (tokenOfByte, merges);

    /// <summary>Two tokens as a key.</summary>
    internal static long Pair(int left, int right) => ((long)left << 32) | (uint)right;

    /// <summary>The memory of one caller.</summary>
    internal sealed class Work
    {
        internal Dictionary<string, int[]> Known { get; } = new(StringComparer.Ordinal);

        internal PriorityQueue<int, long> Pairs { get; } = new();

        internal byte[] Bytes { get; set; } = new byte[64];

        /// <summary>Token at each place, -1 where it was joined to the one before.</summary>
        internal int[] Tokens { get; set; } = new int[64];

        internal int[] Next { get; set; } = new int[64];

        internal int[] Previous { get; set; } = new int[64];

        internal void Grow(int bytes)
        {
            if (Bytes.Length >= bytes)
                return;
            (Bytes, Tokens, Next, Previous) = (new byte[bytes], new int[bytes], new int[bytes], new int[bytes]);
        }
    }

    /// <summary>Appends the tokens of a piece.</summary>
    internal void Merge(ReadOnlySpan<char> piece, List<int> tokens, Work work)
    {
        if (piece.Length > LongestKnown)
        {
            MergeAnew(piece, tokens, work);
            return;
        }
        var known = work.Known.GetAlternateLookup<ReadOnlySpan<char>>();
        if (known.TryGetValue(piece, out var found))
        {
            tokens.AddRange(found);
            return;
        }
        var from = tokens.Count;
        MergeAnew(piece, tokens, work);
        if (work.Known.Count < MostKnown)
            known[piece] = [.. tokens[from..]];
    }

    private void MergeAnew(ReadOnlySpan<char> piece, List<int> tokens, Work work)
    {
        work.Grow(Encoding.UTF8.GetMaxByteCount(piece.Length));
        var count = Encoding.UTF8.GetBytes(piece, work.Bytes);
        for (var i = 0; i < count; i++)
            (work.Tokens[i], work.Previous[i], work.Next[i]) = (tokenOfByte[work.Bytes[i]], i - 1, i + 1);
        for (var i = 0; i < count - 1; i++)
            Offer(i, count, work);
        while (work.Pairs.TryDequeue(out var place, out var priority))
        {
            var right = work.Next[place];
            // An offer is stale once one of its two tokens has become part of another pair.
            if (work.Tokens[place] < 0 || right >= count || !merges.TryGetValue(Pair(work.Tokens[place], work.Tokens[right]), out var merge) || merge.Rank != priority >> 32)
                continue;
            work.Tokens[place] = merge.Joined;
            work.Tokens[right] = -1;
            work.Next[place] = work.Next[right];
            if (work.Next[place] < count)
            {
                work.Previous[work.Next[place]] = place;
                Offer(place, count, work);
            }
            if (place > 0)
                Offer(work.Previous[place], count, work);
        }
        for (var i = 0; i < count; i = work.Next[i])
            tokens.Add(work.Tokens[i]);
    }

    private void Offer(int place, int count, Work work)
    {
        if (work.Next[place] < count && merges.TryGetValue(Pair(work.Tokens[place], work.Tokens[work.Next[place]]), out var merge))
            work.Pairs.Enqueue(place, ((long)merge.Rank << 32) | (uint)place);
    }
}
