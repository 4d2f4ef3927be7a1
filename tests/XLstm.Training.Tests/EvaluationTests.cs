namespace XLstm.Training.Tests;

public class EvaluationTests
{
    [Fact]
    public void EqualsADirectComputationForEveryLength()
    {
        XLstmLanguageModel model = Tiny.Model(256);
        for (int length = 2; length <= 40; length++)
            foreach ((int rows, int segment) in new[] { (1, 256), (1, 3), (3, 4), (16, 1) })
                Assert.Equal(Direct(model, length, rows), Evaluate(model, length, rows, segment), 1e-5);
    }

    [Fact]
    public void OfALongTextOnlyTheStartsOfTheStreams()
    {
        XLstmLanguageModel model = Tiny.Model(256);
        Assert.Equal(Direct(model, 600, 4, each: 25), Evaluate(model, 600, 4, 8, mostTokens: 100), 1e-5);
        Assert.Equal(Direct(model, 600, 4, each: 1), Evaluate(model, 600, 4, 8, mostTokens: 1), 1e-5);
    }

    [Fact]
    public void TheStateIsCarriedFromSegmentToSegment()
    {
        XLstmLanguageModel model = Tiny.Model(256);
        double whole = Evaluate(model, 200, 2, 256), cut = Evaluate(model, 200, 2, 7), forgetful = Enumerable.Range(0, 20).Average(i => Evaluate(model, 11, 1, 256, from: i * 10));
        Assert.Equal(whole, cut, 1e-5);
        Assert.NotEqual(whole, forgetful, 1e-4);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void DoesNotDependOnThreads(int threads)
    {
        XLstmLanguageModel model = Tiny.Model(256);
        Assert.Equal(Evaluate(model, 1000, 16, 64, threads: 1), Evaluate(model, 1000, 16, 64, threads: threads));
    }

    [Fact]
    public void WhatCannotBeEvaluatedIsSaid()
    {
        XLstmLanguageModel model = Tiny.Model(256);
        Assert.Contains("1 tokens has nothing to predict", Assert.Throws<ArgumentException>(() => Evaluate(model, 1, 1, 8)).Message);
        Assert.Equal("rows", Assert.Throws<ArgumentOutOfRangeException>(() => Evaluate(model, 9, 0, 8)).ParamName);
        Assert.Equal("segment", Assert.Throws<ArgumentOutOfRangeException>(() => Evaluate(model, 9, 1, 0)).ParamName);
        Assert.Equal("mostTokens", Assert.Throws<ArgumentOutOfRangeException>(() => Evaluate(model, 9, 1, 8, mostTokens: 0)).ParamName);
        using var place = new Place();
        using TokenSource source = TokenSource.Open(place.Text, place.Tokenizer);
        foreach (PassOptions options in new[] { new PassOptions(Record: true), new PassOptions(Training: true) })
        {
            using var pass = new Pass(options);
            Assert.Equal("pass", Assert.Throws<ArgumentException>(() => Evaluation.CrossEntropy(model, source, pass)).ParamName);
        }
    }

    private static string Text(int length, int from) => Tiny.Text(from + length)[from..];

    private static double Evaluate(XLstmLanguageModel model, int length, int rows, int segment, long mostTokens = long.MaxValue, int threads = 1, int from = 0)
    {
        using var place = new Place();
        File.WriteAllText(place.Text, Text(length, from));
        using TokenSource source = TokenSource.Open(place.Text, new ByteTokenizer());
        using var pass = new Pass(new PassOptions(Threads: threads));
        return Evaluation.CrossEntropy(model, source, pass, rows, segment, mostTokens);
    }

    // Each stream by itself, in one piece, with the softmax in double.
    private static double Direct(XLstmLanguageModel model, int length, int rows, int each = int.MaxValue)
    {
        int[] tokens = new ByteTokenizer().Encode(Text(length, 0));
        rows = Math.Min(rows, length / 2);
        int part = length / rows, T = Math.Min(part - 1, each);
        double sum = 0;
        using var pass = new Pass(new PassOptions(Threads: 1));
        for (int r = 0; r < rows; r++)
        {
            int[] stream = tokens[(r * part)..(r * part + T + 1)];
            pass.Reset();
            float[] logits = model.Forward(stream[..^1], 1, null, pass).Logits.Span.ToArray();
            for (int t = 0; t < T; t++)
            {
                double[] row = [.. logits.AsSpan(t * 256, 256).ToArray().Select(x => (double)x)];
                sum += Math.Log(row.Sum(Math.Exp)) - row[stream[t + 1]];
            }
        }
        return sum / (rows * T);
    }
}
