namespace XLstm.Experiments;

/// <summary>Every experiment, its sizes and what it is compared on.</summary>
internal static class ExperimentCatalog
{
    private const string Paper = "arXiv 2405.04517, section 4.1 and appendix on formal languages";
    private const string StateTracking = "arXiv 2606.12364, state tracking and counting";
    private const string Recall = "arXiv 2405.04517, section 4.1, after arXiv 2312.04927";
    private const string Regular = "regular", ContextFree = "deterministic context-free", ContextSensitive = "context-sensitive", Counted = "counting";

    /// <summary>What the formal languages have on a laptop.</summary>
    public static ExperimentSetting Laptop { get; } = new("laptop", 2_000, LearningRate: 3e-3, Goal: 1e-3);

    /// <summary>What is compared where nothing else is more telling.</summary>
    public static IReadOnlyList<string> Models { get; } = ["0:1", "1:0", "1:1", "lstm", "transformer"];

    private static readonly ExperimentSetting s_published = new("published", 100_000);

    // Lengths as in the source of the figures that are known; steps and rates there are not.
    private static readonly ExperimentSetting s_longer = s_published with { LongestTraining = 128, ShortestEvaluation = 129, LongestEvaluation = 2048, EvaluationRows = 1024 };
    private static readonly ExperimentSetting s_counting = s_longer with { Name = "laptop", Steps = 1_000, LearningRate = 3e-3, Goal = 1e-3 };
    private static readonly ExperimentSetting s_nearest = new(
        "published", 100_000, Width: 128, Heads: 4, ShortestTraining: 2, LongestTraining: 64, ShortestEvaluation: 2, LongestEvaluation: 64, SlstmConvolution: 4, SlstmRecurrentInit: "zeros");

    private static readonly ExperimentSetting s_text = new(
        "laptop", 4_000, 3e-3, 3e-5, Batch: 16, Width: 128, Blocks: 4, Heads: 4, ShortestTraining: 256, LongestTraining: 256, ShortestEvaluation: 256, LongestEvaluation: 256,
        SlstmConvolution: 4, SlstmRecurrentInit: "zeros");

    // One reading of the text.
    private static readonly ExperimentSetting s_words = s_text with
    {
        Steps = 2_040, Batch = 8, ShortestTraining = 128, LongestTraining = 128, ShortestEvaluation = 128, LongestEvaluation = 128, Dropout = 0.1f, TiedHead = true,
    };

    public static IReadOnlyList<Experiment> All { get; } =
    [
        // That of the paper's code has a setting of its own.
        Language("parity", "whether the number of b in a string of a and b is even", Regular, new Parity(), published: s_published with { Steps = 20_000, FinalLearningRate = 1e-6, SlstmConvolution = 4, SlstmRecurrentInit = "zeros" }),
        Language("even-pairs", "whether the changes between a and b in a string are even in number", Regular, new EvenPairs()),
        Language("cycle-navigation", "where on a circle of five places steps back and forth lead", Regular, new CycleNavigation()),
        Language("modular-arithmetic", "the value modulo 5 of sums and products", Regular, new ModularArithmetic()),
        Language("s3", "which permutation of three things many of them make together", Regular, new PermutationGroup(), StateTracking, s_longer, laptop: Laptop with { Steps = 1_000 }),
        Language("modular-arithmetic-brackets", "the value modulo 5 of a term in brackets", ContextFree, new BracketArithmetic()),
        Language("solve-equation", "the unknown of an equation modulo 5 in brackets", ContextFree, new SolveEquation()),
        Language("reverse", "a string backwards", ContextFree, Rewriting.Reversal),
        Language("stack-manipulation", "what is on a stack after pushes and pops", ContextFree, new StackManipulation()),
        Language("anbn", "whether a string has as many a as b after them", Counted, new Counting(), StateTracking, s_longer, s_counting),
        Language("majority", "which of eight tokens occurs most often", Counted, new Majority(), StateTracking, s_longer, s_counting),
        Language("repetition", "a string again", ContextSensitive, Rewriting.Repetition),
        Language("odds-first", "every second token of a string, then the others", ContextSensitive, Rewriting.OddsFirst),
        Language("set", "each token of a string once, in the order of first occurrence", ContextSensitive, Rewriting.Distinct),
        Language("bucket-sort", "the tokens of a string in ascending order", ContextSensitive, Rewriting.Sorting),
        Language("missing-duplicate", "which token is missing where a string is repeated", ContextSensitive, new MissingDuplicate()),
        AssociativeRecall(64, 4),
        AssociativeRecall(128, 8),
        AssociativeRecall(256, 16),
        new("nearest-neighbor", "the value of the point that is nearest to the first of a sequence", "arXiv 2405.04517, figure 2 and appendix", null, s_nearest,
            s_nearest with { Name = "laptop", Steps = 2_000, LearningRate = 3e-3, Batch = 128, Width = 64, Heads = 2 }, (setting, _) => new NearestNeighborTask(setting), null, Models),
        new(
            "tinyshakespeare", "the next character of Shakespeare's plays: loss of the last tenth", "github.com/karpathy/nanoGPT, README", null,
            s_text with { Name = "published", Steps = 5_000, LearningRate = 1e-3, Batch = 64, Width = 384, Blocks = 6, Heads = 6, Dropout = 0.2f },
            s_text with { Dropout = 0.1f },
            (setting, data) => new TextTask(TextCorpus.Characters(data!), setting), "a file of text: input.txt of github.com/karpathy/char-rnn", "1:1", "lstm", "transformer"),
        new(
            "extrapolation", "a text in contexts up to 16 times longer than those learned from", "arXiv 2405.04517, section 4.2, figure on sequence length extrapolation", null, null,
            s_text with { LongestEvaluation = 16 * 256 }, (setting, data) => new TextTask(TextCorpus.Characters(data!), setting), "a file of text, such as a book", "1:1", "1:0", "lstm", "transformer"),
        new(
            "wikitext-2", "the next word: the steps from LSTM to xLSTM", "arXiv 2405.04517, table 2, on another text", null,
            null, s_words, (setting, data) => new TextTask(TextCorpus.Words(data!), setting),
            "the folder of wiki.train.tokens, wiki.valid.tokens and wiki.test.tokens", "lstm", "lstm-residual", "lstm-up", "0:1", "1:1", "transformer"),
    ];

    private static Experiment Language(string name, string shows, string chomskyClass, FormalLanguage language, string source = Paper, ExperimentSetting? published = null, ExperimentSetting? laptop = null) =>
        new(name, shows, source, chomskyClass, published ?? s_published, laptop ?? Laptop, (setting, _) => new FormalTask(language, setting), null, Models);

    private static Experiment AssociativeRecall(int length, int pairs)
    {
        int batch = length < 256 ? 512 : 256;
        // 64 epochs of 100,000 sequences.
        var published = new ExperimentSetting(
            "published", 64 * 100_000 / batch, 2.15e-3, 0, Batch: batch, Heads: 4, ShortestTraining: length, LongestTraining: length,
            ShortestEvaluation: length, LongestEvaluation: length, EvaluationRows: 3000, SlstmConvolution: 4, SlstmRecurrentInit: "zeros", Beta2: 0.999);
        return new Experiment(
            $"mqar-{length}-{pairs}", $"the values of {pairs} keys, asked within {length} tokens", Recall, null, published,
            published with { Name = "laptop", Steps = 3_500, LearningRate = 5e-3, Batch = 128, Beta2 = 0.99, Goal = 1e-2 }, (setting, _) => new FormalTask(new AssociativeRecall(pairs), setting), null, Models);
    }
}
