using System.Numerics;

namespace XLstm.Forecasting;

/// <summary>The discrete Fourier transform of any length: Bluestein's chirp, over transforms of a power of two.</summary>
internal static class FourierTransform
{
    /// <summary>X[k] = sum over t of x[t] exp(-2 pi i k t / n).</summary>
    public static Complex[] Of(ReadOnlySpan<double> x)
    {
        int n = x.Length, size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, (2 * n) - 1));
        Complex[] a = new Complex[size], b = new Complex[size], chirp = new Complex[n];
        for (int t = 0; t < n; t++)
        {
            // t^2 modulo 2n, before it loses digits.
            chirp[t] = Complex.FromPolarCoordinates(1, -Math.PI * ((long)t * t % (2L * n)) / n);
            a[t] = x[t] * chirp[t];
            b[t] = b[(size - t) % size] = Complex.Conjugate(chirp[t]);
        }
        PowerOfTwo(a);
        PowerOfTwo(b);
        // The inverse transform is the transform of the conjugate.
        for (int k = 0; k < size; k++)
            a[k] = Complex.Conjugate(a[k] * b[k]);
        PowerOfTwo(a);
        var result = new Complex[n];
        for (int k = 0; k < n; k++)
            result[k] = Complex.Conjugate(a[k]) / size * chirp[k];
        return result;
    }

    private static void PowerOfTwo(Complex[] a)
    {
        for (int i = 1, j = 0; i < a.Length; i++)
        {
            int bit = a.Length >> 1;
            for (; (j & bit) != 0; bit >>= 1)
                j ^= bit;
            j |= bit;
            if (i < j)
                (a[i], a[j]) = (a[j], a[i]);
        }
        for (int length = 2; length <= a.Length; length *= 2)
        {
            var turns = new Complex[length / 2];
            for (int k = 0; k < turns.Length; k++)
                turns[k] = Complex.FromPolarCoordinates(1, -2 * Math.PI * k / length);
            for (int start = 0; start < a.Length; start += length)
                for (int k = 0; k < turns.Length; k++)
                {
                    Complex even = a[start + k], odd = a[start + k + turns.Length] * turns[k];
                    (a[start + k], a[start + k + turns.Length]) = (even + odd, even - odd);
                }
        }
    }
}
