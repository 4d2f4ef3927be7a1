using XLstm.Training;

namespace XLstm.Samples.Streaming;

/// <summary>A model of a few words, trained on the spot so that the sample needs nothing but itself.</summary>
internal static class Rhyme
{
    private const string Text = """
        The clock in the hall says tick and tock,
        the key in the door turns round in the lock.
        The cat on the stair hears tick and tock,
        she sleeps on the mat and waits for the knock.
        The rain on the roof falls round and round,
        the leaf from the tree comes down to the ground.
        The clock in the hall makes never a sound,
        the cat on the stair has never been found.

        """;

    public static string Learn(string directory)
    {
        var tokenizer = CharacterTokenizer.FromText(Text);
        var model = new XLstmLanguageModel(new XLstmLanguageModelConfig(
            tokenizer.VocabularySize, NumBlocks: 2, EmbeddingDim: 48,
            MlstmBlock: new MLstmBlockConfig(new MLstmLayerConfig()),
            SlstmBlock: new SLstmBlockConfig(new SLstmLayerConfig(), new FeedForwardConfig()),
            SlstmAt: [1]));

        // Twice, so that a window may start at every character.
        int[] tokens = tokenizer.Encode(Text + Text);
        const int rows = 8, window = 64;
        var random = new RandomSource(seed: 1);
        using var trainer = new Trainer(model.Parameters, new OptimizerOptions(LearningRate: 5e-3));
        for (int step = 0; step < 120; step++)
        {
            int[] input = new int[rows * window], labels = new int[rows * window];
            for (int row = 0; row < rows; row++)
            {
                int start = (int)random.NextInteger(Text.Length);
                tokens.AsSpan(start, window).CopyTo(input.AsSpan(row * window));
                tokens.AsSpan(start + 1, window).CopyTo(labels.AsSpan(row * window));
            }
            trainer.Step(pass => Ops.CrossEntropy(pass, model.Forward(input, rows, state: null, pass).Logits, labels));
        }
        model.Save(directory);
        tokenizer.Save(directory);
        return directory;
    }
}
