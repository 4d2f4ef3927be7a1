using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>
/// Causal convolution over the time of one sequence, with the state that carries it from one segment to the next. With e
/// the K - 1 inputs of the state followed by x (zeros without a state):
/// <code>
/// depthwise   y[t, f] = b[f] + sum_k w[f, 0, k] e[t + k, f]
/// mixing      y[t, f] = b[f] + sum_k sum_g w[f, g, k] e[t + k, g]
/// </code>
/// which is PyTorch's cross-correlation, padded on the left: w[.., K - 1] meets the present. Each y is summed in the same
/// order wherever the sequence is cut.
/// </summary>
public static class CausalConvolution
{
    /// <summary>Scratch floats for the forward pass: the transposed weight.</summary>
    public static int ScratchLength(int kernelSize, int F) => Extent.Of(kernelSize, F);

    /// <summary>Scratch floats for the backward pass: the transposed weight and its gradient.</summary>
    public static int BackwardScratchLength(int kernelSize, int F) => checked(2 * Extent.Of(kernelSize, F));

    /// <summary>Scratch floats for the forward pass of channel mixing: the transposed weight.</summary>
    public static int MixingScratchLength(int kernelSize, int F) => Extent.Of(Extent.Of(kernelSize, F), F);

    /// <summary>Scratch floats for the backward pass of channel mixing: the weight and its gradient, both transposed.</summary>
    public static int MixingBackwardScratchLength(int kernelSize, int F) => checked(2 * MixingScratchLength(kernelSize, F));

    /// <summary>Depthwise convolution: each feature has a kernel of its own.</summary>
    /// <param name="T">Time steps, 0 or more.</param>
    /// <param name="F">Features.</param>
    /// <param name="kernelSize">K, 1 or more.</param>
    /// <param name="x">[T, F].</param>
    /// <param name="state">The K - 1 inputs before x, [K - 1, F], or empty for zeros.</param>
    /// <param name="weight">[F, 1, K].</param>
    /// <param name="bias">[F], or empty.</param>
    /// <param name="y">[T, F], not x's own memory.</param>
    /// <param name="newState">The last K - 1 inputs, [K - 1, F], or empty; may be the state's own memory.</param>
    /// <param name="scratch">At least <see cref="ScratchLength"/>.</param>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void Forward(
        int T, int F, int kernelSize, ReadOnlySpan<float> x, ReadOnlySpan<float> state, ReadOnlySpan<float> weight,
        ReadOnlySpan<float> bias, Span<float> y, Span<float> newState, Span<float> scratch) =>
        Forward(Simd.Width, fanIn: 1, T, F, kernelSize, x, state, weight, bias, y, newState, scratch);

    /// <summary>Gradients of the depthwise convolution; all are added to, and an empty one is not wanted.</summary>
    /// <param name="T">Time steps.</param>
    /// <param name="F">Features.</param>
    /// <param name="kernelSize">K.</param>
    /// <param name="x">[T, F].</param>
    /// <param name="state">As it was before the forward pass, [K - 1, F], or empty for zeros.</param>
    /// <param name="weight">[F, 1, K].</param>
    /// <param name="dy">[T, F].</param>
    /// <param name="dNewState">Gradient of the new state [K - 1, F], or empty for zeros.</param>
    /// <param name="dx">[T, F].</param>
    /// <param name="dState">[K - 1, F].</param>
    /// <param name="dWeight">[F, 1, K].</param>
    /// <param name="dBias">[F].</param>
    /// <param name="scratch">At least <see cref="BackwardScratchLength"/>.</param>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void Backward(
        int T, int F, int kernelSize, ReadOnlySpan<float> x, ReadOnlySpan<float> state, ReadOnlySpan<float> weight,
        ReadOnlySpan<float> dy, ReadOnlySpan<float> dNewState, Span<float> dx, Span<float> dState, Span<float> dWeight,
        Span<float> dBias, Span<float> scratch) =>
        Backward(Simd.Width, fanIn: 1, T, F, kernelSize, x, state, weight, dy, dNewState, dx, dState, dWeight, dBias, scratch);

    /// <summary>Channel-mixing convolution: each output feature sees all inputs.</summary>
    /// <param name="T">Time steps, 0 or more.</param>
    /// <param name="F">Features, of input and output.</param>
    /// <param name="kernelSize">K, 1 or more.</param>
    /// <param name="x">[T, F].</param>
    /// <param name="state">The K - 1 inputs before x, [K - 1, F], or empty for zeros.</param>
    /// <param name="weight">[F out, F in, K].</param>
    /// <param name="bias">[F], or empty.</param>
    /// <param name="y">[T, F], not x's own memory.</param>
    /// <param name="newState">The last K - 1 inputs, [K - 1, F], or empty; may be the state's own memory.</param>
    /// <param name="scratch">At least <see cref="MixingScratchLength"/>.</param>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void MixingForward(
        int T, int F, int kernelSize, ReadOnlySpan<float> x, ReadOnlySpan<float> state, ReadOnlySpan<float> weight,
        ReadOnlySpan<float> bias, Span<float> y, Span<float> newState, Span<float> scratch) =>
        Forward(Simd.Width, fanIn: F, T, F, kernelSize, x, state, weight, bias, y, newState, scratch);

    /// <summary>Gradients of the channel-mixing convolution; all are added to, and an empty one is not wanted.</summary>
    /// <param name="T">Time steps.</param>
    /// <param name="F">Features.</param>
    /// <param name="kernelSize">K.</param>
    /// <param name="x">[T, F].</param>
    /// <param name="state">As it was before the forward pass, [K - 1, F], or empty for zeros.</param>
    /// <param name="weight">[F out, F in, K].</param>
    /// <param name="dy">[T, F].</param>
    /// <param name="dNewState">Gradient of the new state [K - 1, F], or empty for zeros.</param>
    /// <param name="dx">[T, F].</param>
    /// <param name="dState">[K - 1, F].</param>
    /// <param name="dWeight">[F out, F in, K].</param>
    /// <param name="dBias">[F].</param>
    /// <param name="scratch">At least <see cref="MixingBackwardScratchLength"/>.</param>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void MixingBackward(
        int T, int F, int kernelSize, ReadOnlySpan<float> x, ReadOnlySpan<float> state, ReadOnlySpan<float> weight,
        ReadOnlySpan<float> dy, ReadOnlySpan<float> dNewState, Span<float> dx, Span<float> dState, Span<float> dWeight,
        Span<float> dBias, Span<float> scratch) =>
        Backward(Simd.Width, fanIn: F, T, F, kernelSize, x, state, weight, dy, dNewState, dx, dState, dWeight, dBias, scratch);

    // fanIn, the inputs that an output feature sees, is 1 for depthwise and F for mixing: weight [F, fanIn, K].
    internal static void Forward(
        int lanes, int fanIn, int T, int F, int kernelSize, ReadOnlySpan<float> x, ReadOnlySpan<float> state, ReadOnlySpan<float> weight,
        ReadOnlySpan<float> bias, Span<float> y, Span<float> newState, Span<float> scratch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(T);
        ArgumentOutOfRangeException.ThrowIfNegative(F);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(kernelSize);
        int weightLength = Extent.Of(Extent.Of(kernelSize, fanIn), F), stateLength = Extent.Of(kernelSize - 1, F);
        Check.Length(x, Extent.Of(T, F));
        Check.LengthOrEmpty(state, stateLength);
        Check.Length(weight, weightLength);
        Check.LengthOrEmpty(bias, F);
        Check.Length(y, Extent.Of(T, F));
        Check.LengthOrEmpty(newState, stateLength);
        Check.Length(scratch, weightLength);
        switch (lanes)
        {
            case 16: Forward<Lanes16>(fanIn, T, F, kernelSize, x, state, weight, bias, y, scratch); break;
            case 8: Forward<Lanes8>(fanIn, T, F, kernelSize, x, state, weight, bias, y, scratch); break;
            case 4: Forward<Lanes4>(fanIn, T, F, kernelSize, x, state, weight, bias, y, scratch); break;
            default: Forward<Lanes1>(fanIn, T, F, kernelSize, x, state, weight, bias, y, scratch); break;
        }

        if (!newState.IsEmpty)
            Carry(T, F, kernelSize, x, state, newState);
    }

    internal static void Backward(
        int lanes, int fanIn, int T, int F, int kernelSize, ReadOnlySpan<float> x, ReadOnlySpan<float> state, ReadOnlySpan<float> weight,
        ReadOnlySpan<float> dy, ReadOnlySpan<float> dNewState, Span<float> dx, Span<float> dState, Span<float> dWeight,
        Span<float> dBias, Span<float> scratch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(T);
        ArgumentOutOfRangeException.ThrowIfNegative(F);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(kernelSize);
        int weightLength = Extent.Of(Extent.Of(kernelSize, fanIn), F), stateLength = Extent.Of(kernelSize - 1, F);
        Check.Length(x, Extent.Of(T, F));
        Check.LengthOrEmpty(state, stateLength);
        Check.Length(weight, weightLength);
        Check.Length(dy, Extent.Of(T, F));
        Check.LengthOrEmpty(dNewState, stateLength);
        Check.LengthOrEmpty(dx, Extent.Of(T, F));
        Check.LengthOrEmpty(dState, stateLength);
        Check.LengthOrEmpty(dWeight, weightLength);
        Check.LengthOrEmpty(dBias, F);
        Check.Length(scratch, checked(2 * weightLength));
        switch (lanes)
        {
            case 16: Backward<Lanes16>(fanIn, T, F, kernelSize, x, state, weight, dy, dNewState, dx, dState, dWeight, scratch); break;
            case 8: Backward<Lanes8>(fanIn, T, F, kernelSize, x, state, weight, dy, dNewState, dx, dState, dWeight, scratch); break;
            case 4: Backward<Lanes4>(fanIn, T, F, kernelSize, x, state, weight, dy, dNewState, dx, dState, dWeight, scratch); break;
            default: Backward<Lanes1>(fanIn, T, F, kernelSize, x, state, weight, dy, dNewState, dx, dState, dWeight, scratch); break;
        }

        if (!dBias.IsEmpty)
            Elementwise.SumRows(lanes, T, F, dy, dBias);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forward<L>(
        int fanIn, int T, int F, int kernelSize, ReadOnlySpan<float> x, ReadOnlySpan<float> state, ReadOnlySpan<float> weight,
        ReadOnlySpan<float> bias, Span<float> y, Span<float> w)
        where L : struct, ILanes<L>
    {
        Transpose(fanIn, F, kernelSize, weight, w);
        for (int t = 0; t < T; t++)
        {
            Span<float> row = y.Slice(t * F, F);
            Rows.AheadOf(x[(t * F)..], F);
            if (bias.IsEmpty)
                row.Clear();
            else
                bias[..F].CopyTo(row);
            int k = 0, inX = fanIn == 1 ? kernelSize - 1 - t : kernelSize; // from this k on rows of x, one after the other
            while (k < kernelSize)
            {
                ReadOnlySpan<float> input = Input(t + k, F, kernelSize, x, state);
                if (k >= inX && k + 4 <= kernelSize)
                {
                    Rows.MultiplyAdd4<L>(input, F, w[(k * F)..], F, row);
                    k += 4;
                    continue;
                }

                if (fanIn == 1)
                    Map.Run<ProductSum, L>(default, input, w[(k * F)..], row, row);
                else
                    for (int g = 0; g < input.Length; g++)
                        Rows.MultiplyAdd<L>(w.Slice((k * F + g) * F, F), input[g], row);
                k++;
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Backward<L>(
        int fanIn, int T, int F, int kernelSize, ReadOnlySpan<float> x, ReadOnlySpan<float> state, ReadOnlySpan<float> weight,
        ReadOnlySpan<float> dy, ReadOnlySpan<float> dNewState, Span<float> dx, Span<float> dState, Span<float> dWeight, Span<float> scratch)
        where L : struct, ILanes<L>
    {
        int length = kernelSize * fanIn * F;
        Span<float> w = scratch[..length], dw = scratch.Slice(length, length);
        Transpose(fanIn, F, kernelSize, weight, w);
        dw.Clear();
        if (fanIn == 1)
        {
            // A few steps at a time, while their rows are at hand.
            for (int t = 0; t < T; t += 4)
            {
                int steps = Math.Min(4, T - t);
                if (!dWeight.IsEmpty)
                    WeightGradient<L>(t, steps, F, kernelSize, x, state, dy, dw);
                for (int j = t; j < t + steps; j++)
                    AddInputGradient<L>(j, T, F, kernelSize, w, dy, InputGradient(j, F, kernelSize, dx, dState));
            }

            for (int j = T; j < T + kernelSize - 1; j++)
                AddInputGradient<L>(j, T, F, kernelSize, w, dy, InputGradient(j, F, kernelSize, dx, dState));
        }
        else
            for (int t = 0; t < T; t++)
                MixingBackward<L>(t, F, kernelSize, x, state, w, dy.Slice(t * F, F), dx, dState, dw);

        if (!dWeight.IsEmpty)
            AddTransposed(fanIn, F, kernelSize, dw, dWeight);
        if (dNewState.IsEmpty)
            return;
        // The new state is the end of the extended input, untouched.
        for (int j = 0; j < kernelSize - 1; j++)
        {
            Span<float> dInput = InputGradient(T + j, F, kernelSize, dx, dState);
            if (!dInput.IsEmpty)
                Rows.Add<L>(dNewState.Slice(j * F, F), dInput);
        }
    }

    // dw[k] += sum over some steps of e[t + k] dy[t].
    private static void WeightGradient<L>(
        int t, int steps, int F, int kernelSize, ReadOnlySpan<float> x, ReadOnlySpan<float> state, ReadOnlySpan<float> dy, Span<float> dw)
        where L : struct, ILanes<L>
    {
        for (int k = 0; k < kernelSize; k++)
        {
            Span<float> sum = dw.Slice(k * F, F);
            if (steps == 4 && t + k >= kernelSize - 1)
                Rows.MultiplyAdd4<L>(dy[(t * F)..], F, Input(t + k, F, kernelSize, x, state), F, sum);
            else
                for (int i = t; i < t + steps; i++)
                    Map.Run<ProductSum, L>(default, Input(i + k, F, kernelSize, x, state), dy.Slice(i * F, F), sum, sum);
        }
    }

    // de[j] += sum_k w[k] dy[j - k].
    private static void AddInputGradient<L>(int j, int T, int F, int kernelSize, ReadOnlySpan<float> w, ReadOnlySpan<float> dy, Span<float> dInput)
        where L : struct, ILanes<L>
    {
        int last = Math.Min(kernelSize - 1, j), k = Math.Max(0, j - T + 1);
        for (; k + 4 <= last + 1; k += 4)
            Rows.MultiplyAdd4<L>(dy[((j - k - 3) * F)..], F, w[((k + 3) * F)..], -F, dInput);
        for (; k <= last; k++)
            Map.Run<ProductSum, L>(default, dy.Slice((j - k) * F, F)[..dInput.Length], w[(k * F)..], dInput, dInput);
    }

    private static void MixingBackward<L>(
        int t, int F, int kernelSize, ReadOnlySpan<float> x, ReadOnlySpan<float> state, ReadOnlySpan<float> w, ReadOnlySpan<float> d,
        Span<float> dx, Span<float> dState, Span<float> dw)
        where L : struct, ILanes<L>
    {
        for (int k = 0; k < kernelSize; k++)
        {
            ReadOnlySpan<float> input = Input(t + k, F, kernelSize, x, state);
            Span<float> dInput = InputGradient(t + k, F, kernelSize, dx, dState);
            for (int g = 0; g < input.Length; g++)
                Rows.MultiplyAdd<L>(d, input[g], dw.Slice((k * F + g) * F, F));
            for (int g = 0; g < dInput.Length; g++)
                dInput[g] += Rows.Dot<L>(d, w.Slice((k * F + g) * F, F));
        }
    }

    // Row j of the state followed by x: empty stands for zeros.
    private static ReadOnlySpan<float> Input(int j, int F, int kernelSize, ReadOnlySpan<float> x, ReadOnlySpan<float> state)
    {
        int past = kernelSize - 1;
        return j >= past ? x.Slice((j - past) * F, F) : state.IsEmpty ? [] : state.Slice(j * F, F);
    }

    // Empty where it is not wanted.
    private static Span<float> InputGradient(int j, int F, int kernelSize, Span<float> dx, Span<float> dState)
    {
        int past = kernelSize - 1;
        if (j >= past)
            return dx.IsEmpty ? [] : dx.Slice((j - past) * F, F);
        return dState.IsEmpty ? [] : dState.Slice(j * F, F);
    }

    // Ascending, so that a state that is shifted within its own memory is read before it is overwritten.
    private static void Carry(int T, int F, int kernelSize, ReadOnlySpan<float> x, ReadOnlySpan<float> state, Span<float> newState)
    {
        for (int j = 0; j < kernelSize - 1; j++)
        {
            ReadOnlySpan<float> input = Input(T + j, F, kernelSize, x, state);
            if (input.IsEmpty)
                newState.Slice(j * F, F).Clear();
            else
                input.CopyTo(newState.Slice(j * F, F));
        }
    }

    // [F, fanIn, K] to [K, fanIn, F]: the output feature comes last, where the lanes run.
    private static void Transpose(int fanIn, int F, int kernelSize, ReadOnlySpan<float> weight, Span<float> w)
    {
        int i = 0;
        for (int f = 0; f < F; f++)
            for (int g = 0; g < fanIn; g++)
                for (int k = 0; k < kernelSize; k++)
                    w[(k * fanIn + g) * F + f] = weight[i++];
    }

    private static void AddTransposed(int fanIn, int F, int kernelSize, ReadOnlySpan<float> dw, Span<float> dWeight)
    {
        int i = 0;
        for (int f = 0; f < F; f++)
            for (int g = 0; g < fanIn; g++)
                for (int k = 0; k < kernelSize; k++)
                    dWeight[i++] += dw[(k * fanIn + g) * F + f];
    }
}
