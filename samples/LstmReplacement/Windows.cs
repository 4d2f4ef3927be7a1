namespace XLstm.Samples.LstmReplacement;

/// <summary>
/// Windows of a noisy pressure sensor. Each holds one rise and one drop, far apart and a few steps long; label 1 says that the
/// rise came first (a valve closed, then opened). No single step tells, nor does any average: what came first must be remembered.
/// </summary>
internal sealed record Windows(int Count, int Steps, float[] Values, int[] Lengths, int[] Labels)
{
    private const int Longest = 64;

    public static Windows Draw(int count, ref RandomSource random)
    {
        float[] values = new float[count * Longest];
        int[] lengths = new int[count], labels = new int[count];
        for (int i = 0; i < count; i++)
        {
            // Windows of different lengths are padded on the right; the network is told the lengths and never sees the padding.
            lengths[i] = 40 + (int)random.NextInteger(Longest - 40 + 1);
            labels[i] = (int)random.NextInteger(2);
            Span<float> window = values.AsSpan(i * Longest, lengths[i]);
            foreach (ref float value in window)
                value = (float)(0.3 * random.NextNormal());
            int first = (int)random.NextInteger(lengths[i] / 2 - 4), second = lengths[i] / 2 + (int)random.NextInteger(lengths[i] / 2 - 4);
            float sign = labels[i] == 1 ? 1f : -1f;
            for (int t = 0; t < 4; t++)
            {
                window[first + t] += sign;
                window[second + t] -= sign;
            }
        }
        return new Windows(count, Longest, values, lengths, labels);
    }
}
