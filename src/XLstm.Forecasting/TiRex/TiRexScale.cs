namespace XLstm.Forecasting;

/// <summary>
/// The scaling of TiRex: z = (x - loc) / scale with the mean and the population deviation of what is there. A deviation of 0
/// becomes |loc| + 1e-5; without any value loc is 0 and scale 1.
/// </summary>
internal readonly record struct TiRexScale(double Loc, double Scale)
{
    public static TiRexScale Of(ReadOnlySpan<double> values)
    {
        double sum = 0, squares = 0;
        int count = 0;
        foreach (double x in values)
            if (!double.IsNaN(x))
            {
                sum += x;
                count++;
            }
        if (count == 0)
            return new TiRexScale(0, 1);
        double loc = sum / count;
        foreach (double x in values)
            if (!double.IsNaN(x))
                squares += (x - loc) * (x - loc);
        double scale = Math.Sqrt(squares / count);
        return new TiRexScale(loc, scale == 0 ? Math.Abs(loc) + 1e-5 : scale);
    }

    /// <summary>Values and mask, as the network reads them.</summary>
    public void Read(ReadOnlySpan<double> values, Span<float> scaled, Span<float> mask)
    {
        for (int i = 0; i < values.Length; i++)
        {
            bool seen = !double.IsNaN(values[i]);
            scaled[i] = seen ? (float)((values[i] - Loc) / Scale) : 0;
            mask[i] = seen ? 1 : 0;
        }
    }
}
