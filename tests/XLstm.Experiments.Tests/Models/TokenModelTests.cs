namespace XLstm.Experiments.Tests;

public sealed class TokenModelTests
{
    [Fact]
    public void IsCausal()
    {
        var model = new TokenModel(new ParameterSet(1), 5, 3, 16, scope => new XLstmBody(scope, new XLstmStackConfig(2, 16, new MLstmBlockConfig(new MLstmLayerConfig()), new SLstmBlockConfig(new SLstmLayerConfig(), new FeedForwardConfig()), [1])));
        using var pass = new Pass();
        float[] before = model.Logits([0, 1, 2, 3, 4, 0], 1, pass).Span.ToArray();
        pass.Reset();
        float[] after = model.Logits([0, 1, 2, 3, 1, 0], 1, pass).Span.ToArray();

        Assert.Equal(before[..12], after[..12]);
        Assert.NotEqual(before[12..15], after[12..15]);
    }
}
