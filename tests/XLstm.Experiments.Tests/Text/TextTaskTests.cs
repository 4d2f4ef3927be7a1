namespace XLstm.Experiments.Tests;

public sealed class TextTaskTests
{
    private static readonly TextCorpus s_corpus = new("text.txt", [.. Enumerable.Range(0, 100)], [.. Enumerable.Range(100, 30)], [], 130);
    private static readonly ExperimentSetting s_setting = new("test", 10, Batch: 8, LongestTraining: 12, ShortestEvaluation: 4, LongestEvaluation: 16);

    [Fact]
    public void Labels_are_the_tokens_that_follow()
    {
        TokenBatch batch = Of(Assert.Single(new TextTask(s_corpus, s_setting).Draw(1, 0)));

        Assert.Equal((8, 96, 96), (batch.Rows, batch.Tokens.Length, batch.Labels));
        for (int b = 0; b < 8; b++)
            Assert.Equal(Enumerable.Range(batch.Tokens[b * 12], 12), batch.Tokens[(b * 12)..(b * 12 + 12)]);
        Assert.Equal(batch.Tokens.Select(t => t + 1), batch.Targets);
    }

    [Fact]
    public void Batches_depend_on_seed_and_step_alone()
    {
        var task = new TextTask(s_corpus, s_setting);
        Assert.Equal(Of(task.Draw(1, 5)[0]).Tokens, Of(task.Draw(1, 5)[0]).Tokens);
        Assert.NotEqual(Of(task.Draw(1, 5)[0]).Tokens, Of(task.Draw(1, 6)[0]).Tokens);
        Assert.NotEqual(Of(task.Draw(1, 5)[0]).Tokens, Of(task.Draw(2, 5)[0]).Tokens);
    }

    [Fact]
    public void Every_token_but_the_first_is_measured_once_in_each_context()
    {
        var task = new TextTask(s_corpus, s_setting);
        Assert.Equal(Enumerable.Range(101, 29), task.Validation.SelectMany(b => Of(b).Targets));
        Assert.Equal(["4", "8", "16"], task.Test.Select(t => t.Group).Distinct());
        Assert.All(task.Test.GroupBy(t => t.Group), group => Assert.Equal(Enumerable.Range(101, 29), group.SelectMany(t => Of(t.Batch).Targets)));
    }

    [Fact]
    public void A_text_has_the_longest_context_that_is_measured()
    {
        Assert.Contains("text.txt: 30 tokens to measure on", Assert.Throws<InvalidDataException>(() => new TextTask(s_corpus, s_setting with { LongestEvaluation = 32 })).Message, StringComparison.Ordinal);
        Assert.Contains("1 tokens to measure on", Assert.Throws<InvalidDataException>(() => new TextTask(s_corpus with { Test = [7] }, s_setting)).Message, StringComparison.Ordinal);
    }

    private static TokenBatch Of(SequenceBatch batch) => Assert.IsType<TokenBatch>(batch);
}
