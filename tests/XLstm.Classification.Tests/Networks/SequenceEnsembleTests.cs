namespace XLstm.Classification.Tests;

public sealed class SequenceEnsembleTests
{
    [Fact]
    public void Its_output_is_the_mean_of_those_of_its_networks()
    {
        using var folder = new TemporaryFolder();
        SequenceData data = Samples.Waves(6);
        SequenceClassifier.Fit(data, Samples.Quick with { Networks = 3 }, threads: 1).Save(folder["own.safetensors"]);
        SequenceEnsemble ensemble = SequenceFile.Read(folder["own.safetensors"]);
        var batch = SequenceBatch.Of(ensemble.Config.Encoding, data.Series);
        using var pass = new Pass();

        float[] all = ensemble.Forward(batch, pass).Span.ToArray();
        float[][] each = [.. ensemble.Networks.Select(n => n.Forward(batch, pass).Span.ToArray())];
        Assert.Equal(3, each.Length);
        Assert.All(each, outputs => Assert.NotEqual(all, outputs));
        for (int i = 0; i < all.Length; i++)
            Assert.Equal(each.Average(outputs => outputs[i]), all[i], 1e-5);
    }

    [Fact]
    public void A_network_learns_from_batches_of_its_own()
    {
        // Of the same first weights and order of series two networks would stay the same.
        using var folder = new TemporaryFolder();
        SequenceClassifier.Fit(Samples.Waves(6), Samples.Quick with { Networks = 2 }, threads: 1).Save(folder["own.safetensors"]);
        float[][] heads = [.. SequenceFile.Read(folder["own.safetensors"]).Parameters.Where(p => p.Name.EndsWith("head.bias", StringComparison.Ordinal)).Select(p => p.Span.ToArray())];
        Assert.Equal(2, heads.Length);
        Assert.NotEqual(heads[0], heads[1]);
    }
}
