namespace XLstm.Experiments.Tests;

public sealed class TokenBatchTests
{
    private static readonly ExperimentSetting s_setting = new("test", 1, Width: 16, Heads: 2);

    [Fact]
    public void OnlyLabelledStepsCount()
    {
        var model = ExperimentModels.Create("1:1", new ParameterSet(1), s_setting, 4, 3);
        using var pass = new Pass();
        int[] tokens = [0, 1, 2, 3, 3, 2, 1, 0], labels = [-1, -1, 2, -1, 0, -1, -1, 1];
        Tensor logits = model.Logits(tokens, 2, pass);
        float expected = Ops.CrossEntropy(pass, logits, labels).Item;
        var batch = new TokenBatch(2, tokens, labels);

        Assert.Equal(3, batch.Labels);
        Assert.Equal(expected, batch.Loss(model, pass).Item, 1e-6);
        (double loss, long right) = batch.Score(model, pass);
        Assert.Equal(3 * expected, loss, 1e-5);
        Assert.Equal(new[] { 2, 4, 7 }.Count(i => Best(logits.Span.Slice(3 * i, 3)) == labels[i]), right);

        static int Best(ReadOnlySpan<float> values) => values.ToArray().Index().MaxBy(v => v.Item).Index;
    }

    [Fact]
    public void GatheredGradientsAreThoseOfTheWhole()
    {
        var model = ExperimentModels.Create("1:1", new ParameterSet(1), s_setting, 4, 3);
        int[] tokens = [0, 1, 2, 3, 3, 2, 1, 0], labels = [-1, -1, 2, -1, 0, -1, -1, 1];
        float[] whole = Gradients(pass => Ops.CrossEntropy(pass, model.Logits(tokens, 2, pass), labels));
        float[] gathered = Gradients(pass => new TokenBatch(2, tokens, labels).Loss(model, pass));

        for (int i = 0; i < whole.Length; i++)
            Assert.Equal(whole[i], gathered[i], 1e-5);
        Assert.Contains(whole, g => MathF.Abs(g) > 1e-3f);

        float[] Gradients(Func<Pass, Tensor> loss)
        {
            using var pass = new Pass(new PassOptions(Record: true));
            model.Parameters.ClearGradients();
            pass.Backward(loss(pass));
            return [.. model.Parameters.SelectMany(p => p.Gradient!.Span.ToArray())];
        }
    }
}
