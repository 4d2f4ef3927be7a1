namespace XLstm.Experiments.Tests;

public sealed class NearestNeighborTaskTests
{
    private static readonly ExperimentSetting s_setting = new("test", 1, Batch: 200, Width: 8, Heads: 2, ShortestTraining: 2, LongestTraining: 20, ShortestEvaluation: 2, LongestEvaluation: 20, EvaluationRows: 400);

    [Fact]
    public void TheAnswerIsTheValueOfTheNearest()
    {
        var batch = (VectorBatch)Assert.Single(new NearestNeighborTask(s_setting).Draw(1, 0));
        int T = batch.Lengths.Max();
        for (int b = 0; b < 200; b++)
        {
            float[][] steps = [.. batch.Vectors[(b * T * 4)..((b + 1) * T * 4)].Chunk(4)];
            float[] first = steps[0];
            Assert.Equal((0f, 1f), (first[2], first[3]));
            Assert.All(steps[1..], s => Assert.Equal(0f, s[3]));
            Assert.Equal(steps[1..batch.Lengths[b]].MinBy(s => Math.Pow(s[0] - first[0], 2) + Math.Pow(s[1] - first[1], 2))![2], batch.Targets[b]);
        }
        Assert.InRange(batch.Targets.Average(), 0.44, 0.56);
        Assert.Equal((2, 20), (batch.Lengths.Min(), T));
    }

    [Fact]
    public void TheLossIsTheSquaredError()
    {
        var task = new NearestNeighborTask(s_setting);
        TokenModel model = ExperimentModels.Create("1:1", new ParameterSet(1), s_setting, task.Vocabulary, task.Classes, vectors: true);
        var batch = (VectorBatch)task.Test.First().Batch;
        using var pass = new Pass();
        int T = batch.Lengths.Max();
        Tensor answers = model.Outputs(pass.Rent(new Shape(batch.Labels, T, 4), batch.Vectors), [.. Enumerable.Range(0, batch.Labels * T)], pass);
        double expected = Enumerable.Range(0, batch.Labels).Average(b => Math.Pow(answers.Span[(b * T) + batch.Lengths[b] - 1] - batch.Targets[b], 2));

        Assert.Equal(expected, batch.Loss(model, pass).Item, 1e-6);
        Assert.Equal(expected * batch.Labels, batch.Score(model, pass).Loss, 1e-4);
    }
}
