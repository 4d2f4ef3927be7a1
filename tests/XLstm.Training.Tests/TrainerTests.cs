using XLstm.Kernels;

namespace XLstm.Training.Tests;

public class TrainerTests
{
    private const int Vocabulary = 11, T = 9;

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void MicroBatchesAreOneBatchOfTheirRows(int microBatches)
    {
        int[] tokens = Tiny.Tokens(4 * T, Vocabulary, 1), labels = Tiny.Tokens(4 * T, Vocabulary, 2);
        (XLstmLanguageModel whole, XLstmLanguageModel parts) = (Tiny.Model(Vocabulary), Tiny.Model(Vocabulary));
        using Trainer one = Trainer(whole), many = Trainer(parts);
        int rows = 4 / microBatches, part = rows * T;

        StepResult expected = one.Step(pass => Loss(whole, pass, tokens, labels, 4), 10);
        StepResult actual = many.Step((pass, i) => Loss(parts, pass, tokens[(i * part)..((i + 1) * part)], labels[(i * part)..((i + 1) * part)], rows), 10, microBatches);

        Assert.Equal(expected.Loss, actual.Loss, 1e-6);
        Assert.Equal(expected.GradientNorm, actual.GradientNorm, 1e-5 * expected.GradientNorm);
        foreach ((Parameter a, Parameter b) in whole.Parameters.Zip(parts.Parameters))
            for (int i = 0; i < a.Length; i++)
                Assert.Equal(a.Gradient!.Span[i], b.Gradient!.Span[i], 1e-5 * expected.GradientNorm);
    }

    [Fact]
    public void AStepReportsTheLossBeforeItsUpdate()
    {
        XLstmLanguageModel model = Tiny.Model(Vocabulary);
        int[] tokens = Tiny.Tokens(T, Vocabulary, 1), labels = Tiny.Tokens(T, Vocabulary, 2);
        using Trainer trainer = Trainer(model);
        double Now()
        {
            using var pass = new Pass();
            return Loss(model, pass, tokens, labels, 1).Item;
        }
        for (int step = 0; step < 4; step++)
        {
            double before = Now();
            StepResult result = trainer.Step(pass => Loss(model, pass, tokens, labels, 1), 4);
            Assert.Equal(new StepResult(step, before, 1e-2 * trainer.Schedule.Factor(step, 4), result.GradientNorm), result);
            Assert.Equal(step + 1, trainer.StepCount);
        }
    }

    [Fact]
    public void DropoutDiffersFromStepToStepAndMicroBatchToMicroBatch()
    {
        XLstmLanguageModel model = Tiny.Model(Vocabulary, dropout: 0.5f);
        int[] tokens = Tiny.Tokens(T, Vocabulary, 1), labels = Tiny.Tokens(T, Vocabulary, 2);
        List<float> Losses(ulong seed)
        {
            var losses = new List<float>();
            using var trainer = new Trainer(model.Parameters, new OptimizerOptions(LearningRate: 1e-30, WeightDecay: 0), threads: 1, seed: seed);
            for (int step = 0; step < 3; step++)
                trainer.Step((pass, _) =>
                {
                    Tensor loss = Loss(model, pass, tokens, labels, 1);
                    losses.Add(loss.Item);
                    return loss;
                }, 3, 2);
            return losses;
        }
        List<float> first = Losses(1);
        Assert.Equal(6, first.Distinct().Count());
        Assert.Equal(first, Losses(1));
        Assert.NotEqual(first, Losses(2));
    }

    [Fact]
    public void APoisonedParameterIsNamed()
    {
        XLstmLanguageModel model = Tiny.Model(Vocabulary);
        Parameter poisoned = model.Parameters["xlstm_block_stack.blocks.1.ffn.proj_up.weight"];
        poisoned.Span[5] = float.NaN;
        AssertDiverges(model, "the loss", $"parameter {poisoned.Name}");
    }

    [Theory]
    [InlineData("xlstm_block_stack.blocks.0.xlstm.proj_down.weight", "block 0 (mLSTM)")]
    [InlineData("xlstm_block_stack.blocks.1.ffn.proj_down.weight", "block 1 (sLSTM)")]
    public void TheLayerThatOverflowsIsNamed(string parameter, string layer)
    {
        XLstmLanguageModel model = Tiny.Model(Vocabulary);
        model.Parameters[parameter].Span.Fill(3e38f);
        AssertDiverges(model, "the loss", layer);
    }

    [Fact]
    public void ALossOfYourOwnThatIsNotANumberIsNamed() =>
        AssertDiverges(Tiny.Model(Vocabulary), "the loss", "the loss itself", (pass, logits) => Ops.Loss(pass, logits, (_, _) => float.NaN));

    [Fact]
    public void AGradientThatIsNotANumberIsNamed() => AssertDiverges(
        Tiny.Model(Vocabulary), "a gradient", "parameter lm_head.weight", (pass, logits) => Ops.Loss(pass, logits, (_, gradient) =>
        {
            gradient[0] = float.PositiveInfinity;
            return 1;
        }));

    [Fact]
    public void AfterADivergenceTrainingCanGoOnWithAnotherBatch()
    {
        XLstmLanguageModel model = Tiny.Model(Vocabulary), untouched = Tiny.Model(Vocabulary);
        int[] tokens = Tiny.Tokens(T, Vocabulary, 1), labels = Tiny.Tokens(T, Vocabulary, 2);
        using Trainer trainer = Trainer(model), other = Trainer(untouched);
        Assert.Throws<DivergedException>(() => trainer.Step(pass => Ops.Loss(pass, Loss(model, pass, tokens, labels, 1), (_, _) => float.NaN), 5));
        Assert.Equal(
            other.Step(pass => Loss(untouched, pass, tokens, labels, 1), 5),
            trainer.Step(pass => Loss(model, pass, tokens, labels, 1), 5));
        Bits.Equal(Tiny.Weights(untouched), Tiny.Weights(model));
    }

    [Fact]
    public void ACancelledStepChangesNothing()
    {
        XLstmLanguageModel model = Tiny.Model(Vocabulary), untouched = Tiny.Model(Vocabulary);
        int[] tokens = Tiny.Tokens(T, Vocabulary, 1), labels = Tiny.Tokens(T, Vocabulary, 2);
        using Trainer trainer = Trainer(model), other = Trainer(untouched);
        using var source = new CancellationTokenSource();
        trainer.Pass.Cancellation = source.Token;
        Assert.Throws<OperationCanceledException>(() => trainer.Step(
            pass =>
            {
                Tensor loss = Loss(model, pass, tokens, labels, 1);
                source.Cancel(); // in the middle: forward is done, backward is not
                return loss;
            }, 5));
        Assert.Equal(0, trainer.StepCount);
        Bits.Equal(Tiny.Weights(untouched), Tiny.Weights(model));
        trainer.Pass.Cancellation = TestContext.Current.CancellationToken;
        Assert.Equal(
            other.Step(pass => Loss(untouched, pass, tokens, labels, 1), 5),
            trainer.Step(pass => Loss(model, pass, tokens, labels, 1), 5));
    }

    [Fact]
    public void TrainsAnyModelOnAnyLoss()
    {
        var random = new RandomSource(3);
        float[] x = [.. Enumerable.Range(0, 64).Select(_ => (float)random.NextNormal())];
        var (input, target) = (new Tensor(new Shape(32, 2), x), new Tensor(new Shape(32, 1), [.. x.Chunk(2).Select(p => 2 * p[0] - p[1] + 0.5f)]));
        var parameters = new ParameterSet(1);
        var layer = new Linear(parameters.Root, 2, 1);
        using var trainer = new Trainer(parameters, new OptimizerOptions(LearningRate: 0.1, WeightDecay: 0), threads: 1);
        for (int step = 0; step < 300; step++)
            trainer.Step(pass => Ops.Regression(pass, RegressionKind.MeanSquared, layer.Forward(input, pass), target));
        Assert.Equal(2, layer.Weight.Span[0], 1e-2);
        Assert.Equal(-1, layer.Weight.Span[1], 1e-2);
        Assert.Equal(0.5, layer.Bias!.Span[0], 1e-2);
    }

    private static Trainer Trainer(XLstmLanguageModel model) =>
        new(model.Parameters, new OptimizerOptions(LearningRate: 1e-2), new LearningRateSchedule(), threads: 1);

    private static Tensor Loss(XLstmLanguageModel model, Pass pass, int[] tokens, int[] labels, int rows) =>
        Ops.CrossEntropy(pass, model.Forward(tokens, rows, null, pass).Logits, labels);

    private static void AssertDiverges(XLstmLanguageModel model, string what, string where, Func<Pass, Tensor, Tensor>? loss = null)
    {
        int[] tokens = Tiny.Tokens(T, Vocabulary, 1), labels = Tiny.Tokens(T, Vocabulary, 2);
        float[][] before = Tiny.Weights(model);
        using Trainer trainer = Trainer(model);
        var error = Assert.Throws<DivergedException>(() => trainer.Step(pass =>
        {
            Tensor logits = model.Forward(tokens, 1, null, pass).Logits;
            return loss is null ? Ops.CrossEntropy(pass, logits, labels) : loss(pass, logits);
        }, 5));
        Assert.Equal((0, where), (error.Step, error.Where));
        Assert.Contains($"step 0: {what} is not a finite number, first in {where}", error.Message);
        Assert.Equal(0, trainer.StepCount);
        Bits.Equal(before, Tiny.Weights(model));
    }
}
