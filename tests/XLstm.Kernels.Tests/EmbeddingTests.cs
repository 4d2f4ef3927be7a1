namespace XLstm.Kernels.Tests;

public class EmbeddingTests
{
    [Fact]
    public void Rows_are_looked_up_and_gradients_of_repeated_tokens_add_up()
    {
        foreach (int width in (int[])[1, 3, 8, 17, 33])
        {
            int[] tokens = [4, 0, 4, 2, 4];
            float[] table = Numbers.Normal(1, 5 * width), dy = Numbers.Normal(2, 5 * width), before = Numbers.Normal(3, 5 * width);
            var y = new Guarded(5 * width);
            var dTable = new Guarded(before);
            Embedding.Forward(tokens, width, table, y.Span);
            Embedding.Backward(tokens, width, dy, dTable.Span);
            var expected = new double[table.Length];
            for (int i = 0; i < tokens.Length; i++)
                for (int j = 0; j < width; j++)
                {
                    Assert.Equal(table[tokens[i] * width + j], y.Content[i * width + j]);
                    expected[tokens[i] * width + j] += dy[i * width + j];
                }

            Numbers.Close(expected, dTable.Added(before), 2e-6, "dTable");
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(5)]
    [InlineData(int.MaxValue)]
    public void A_token_outside_the_vocabulary_is_named(int token)
    {
        int[] tokens = [0, 1, token];
        foreach (Action lookup in (Action[])[() => Embedding.Forward(tokens, 2, new float[10], new float[6]), () => Embedding.Backward(tokens, 2, new float[6], new float[10])])
        {
            var error = Assert.Throws<ArgumentOutOfRangeException>(lookup);
            Assert.StartsWith($"Token {token} at position 2 is outside the vocabulary of 5.", error.Message);
        }
    }

    [Fact]
    public void A_table_of_broken_rows_is_refused() =>
        Assert.Throws<ArgumentException>(() => Embedding.Forward([0], 3, new float[10], new float[3]));
}
