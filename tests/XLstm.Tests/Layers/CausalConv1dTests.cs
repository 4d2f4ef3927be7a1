namespace XLstm.Tests;

public class CausalConv1dTests
{
    /// <summary>Rows long enough to be cut over time, of every length about the cuts, with the state overwritten or not.</summary>
    [Theory]
    [InlineData(4, false, false)]
    [InlineData(4, true, true)]
    [InlineData(1, false, true)]
    [InlineData(200, false, true)]
    public void LongRowsAreEachStepAlone(int kernelSize, bool mixing, bool updatesStates)
    {
        const int T = 301, F = 3;
        int[] lengths = [T, 256, 257, 129, 128, 127, 2, 0];
        int B = lengths.Length;
        var convolution = new CausalConv1d(new ParameterSet(seed: 2).Root, F, kernelSize, channelMixing: mixing);
        Tensor x = TestModels.Input(B, T, F), before = TestModels.Input(B, kernelSize - 1, F, seed: 2), given = before.Clone();
        using var pass = new Pass(new PassOptions(Threads: 3)) { UpdatesStates = updatesStates };
        (Tensor y, Tensor after) = convolution.Forward(x, given, pass, lengths);
        Assert.Equal(updatesStates, after == given);

        for (int b = 0; b < B; b++)
        {
            int S = (kernelSize - 1) * F;
            float[] inputs = [.. before.Span.Slice(b * S, S), .. x.Span.Slice(b * T * F, lengths[b] * F)];
            Numbers.SameBits($"state of row {b}", inputs.AsSpan(inputs.Length - S), after.Span.Slice(b * S, S));
            var expected = new float[T * F];
            for (int t = 0; t < lengths[b]; t++)
                for (int f = 0; f < F; f++)
                {
                    double sum = convolution.Bias!.Span[f];
                    for (int k = 0; k < kernelSize; k++)
                        for (int g = mixing ? 0 : f; g < (mixing ? F : f + 1); g++)
                            sum += (double)inputs[(t + k) * F + g] * convolution.Weight.Span[(f * (mixing ? F : 1) + (mixing ? g : 0)) * kernelSize + k];
                    expected[t * F + f] = (float)sum;
                }
            Numbers.Close($"row {b}", expected, y.Span.Slice(b * T * F, T * F));
        }
    }
}
