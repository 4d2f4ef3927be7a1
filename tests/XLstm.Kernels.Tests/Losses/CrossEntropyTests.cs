namespace XLstm.Kernels.Tests;

public class CrossEntropyTests
{
    [Fact]
    public void Loss_and_gradient_equal_the_reference()
    {
        foreach (int lanes in Widths.All)
            foreach (int V in (int[])[1, 2, 3, 8, 15, 17, 33, 1500])
            {
                int[] labels = [V - 1, CrossEntropy.Ignored, 0, V / 2];
                int rows = labels.Length;
                float[] logits = Numbers.Normal(V, rows * V, 5);
                Guarded loss = new(rows), sums = new(rows), dLogits = new(rows * V);
                CrossEntropy.Forward(lanes, rows, V, logits, labels, loss.Span, sums.Span);
                CrossEntropy.Backward(lanes, rows, V, logits, labels, sums.Content, 0.25f, dLogits.Span);
                double[] expected = new double[rows], gradient = new double[logits.Length];
                for (int r = 0; r < rows; r++)
                {
                    if (labels[r] == CrossEntropy.Ignored)
                        continue;
                    double[] row = Numbers.ToDouble(logits.AsSpan(r * V, V));
                    double sum = row.Sum(Math.Exp);
                    expected[r] = Math.Log(sum) - row[labels[r]];
                    for (int j = 0; j < V; j++)
                        gradient[r * V + j] = 0.25 * (Math.Exp(row[j]) / sum - (j == labels[r] ? 1 : 0));
                }

                Numbers.Close(expected, loss.Content, 3e-7, $"loss, {lanes} lanes");
                Numbers.Close(gradient, dLogits.Content, 1e-6, $"dLogits, {lanes} lanes");

                CrossEntropy.Backward(lanes, rows, V, logits, labels, sums.Content, 0.25f, logits);
                Assert.Equal(dLogits.Content, logits);
            }
    }

    [Fact]
    public void Enormous_logits_stay_finite()
    {
        float[] loss = new float[1], sums = new float[1], d = new float[3];
        CrossEntropy.Forward(1, 3, [1e30f, -1e30f, 0], [0], loss, sums);
        Assert.Equal(0, loss[0]);
        CrossEntropy.Backward(1, 3, [1e30f, -1e30f, 0], [0], sums, 1, d);
        Assert.Equal([0, 0, 0], d);
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(-100)]
    [InlineData(3)]
    public void A_label_that_is_no_class_is_named(int label)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() =>
            CrossEntropy.Forward(1, 3, new float[3], [label], new float[1], new float[1]));
        Assert.StartsWith($"Label {label} of row 0 is not one of 3 classes, nor -1 (ignored).", error.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => CrossEntropy.Backward(1, 3, new float[3], [label], new float[1], 1, new float[3]));
    }
}
