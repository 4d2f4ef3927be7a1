using System.CommandLine;
using XLstm.Training;

namespace XLstm.Cli.Commands;

/// <summary>The options of train that decide how it learns.</summary>
internal sealed class RateOptions
{
    private readonly Option<int?> _batch = Options.OptionalNumber("--batch", "N", "Rows of a batch. [default: the preset's]", 1);
    private readonly Option<int?> _context = Options.OptionalNumber("--context", "N", "Tokens of a row; the model itself has no limit. [default: the preset's]", 1);
    private readonly Option<double?> _rate = Options.OptionalNumber("--lr", "X", "Learning rate at its highest. [default: the preset's]", double.Epsilon);
    private readonly Option<ScheduleKind?> _schedule = Options.Choice<ScheduleKind>("--schedule", "How the rate falls, to a tenth at the end. [default: cosine]");
    private readonly Option<int?> _warmup = Options.OptionalNumber("--warmup", "N", "Steps in which the rate rises first. [default: the preset's; 0 with a constant rate]", 0);
    private readonly Option<double?> _decay = Options.OptionalNumber("--weight-decay", "X", "Of AdamW, on matrices. [default: 0.1]", 0.0);
    private readonly Option<double?> _beta1 = Options.OptionalNumber("--beta1", "X", "Of AdamW. [default: 0.9]", 0.0, 1.0);
    private readonly Option<double?> _beta2 = Options.OptionalNumber("--beta2", "X", "Of AdamW. [default: 0.95]", 0.0, 1.0);
    private readonly Option<double?> _clip = Options.OptionalNumber("--clip", "X", "Longest gradient; 0 for no limit. [default: 1]", 0.0);
    private readonly Option<ulong?> _seed = Options.OptionalNumber("--seed", "N", "Of weights and batches: the same seed and steps give the same model. [default: 1]", 0ul);

    public IEnumerable<Option> All => [_batch, _context, _rate, _schedule, _warmup, _decay, _beta1, _beta2, _clip, _seed];

    public ulong Seed(ParseResult parse) => parse.GetValue(_seed) ?? 1;

    /// <summary>The options of a new run: what is given, and otherwise what suits the preset, or plain AdamW for one fixed batch.</summary>
    public RunOptions Apply(ParseResult parse, Preset preset, ILanguageModelConfig config, bool oneBatch)
    {
        ScheduleKind kind = parse.GetValue(_schedule) ?? (oneBatch ? ScheduleKind.Constant : ScheduleKind.Cosine);
        var normal = new OptimizerOptions();
        return Override(parse, new RunOptions(
            Batch: preset.Batch,
            Context: config is XLstmStackConfig { ContextLength: > 0 and var context } ? context : preset.Context,
            Optimizer: oneBatch ? normal with { Clip = 0 } : normal with { LearningRate = preset.LearningRate },
            Schedule: new LearningRateSchedule(kind, kind == ScheduleKind.Constant ? 0 : preset.WarmupSteps)));
    }

    /// <summary>The same options, but for those that are given.</summary>
    public RunOptions Override(ParseResult parse, RunOptions options)
    {
        OptimizerOptions optimizer = options.Optimizer ?? new OptimizerOptions();
        LearningRateSchedule schedule = options.Schedule ?? new LearningRateSchedule();
        return options with
        {
            Batch = parse.GetValue(_batch) ?? options.Batch,
            Context = parse.GetValue(_context) ?? options.Context,
            Seed = parse.GetValue(_seed) ?? options.Seed,
            Optimizer = optimizer with
            {
                LearningRate = parse.GetValue(_rate) ?? optimizer.LearningRate,
                Beta1 = parse.GetValue(_beta1) ?? optimizer.Beta1,
                Beta2 = parse.GetValue(_beta2) ?? optimizer.Beta2,
                WeightDecay = parse.GetValue(_decay) ?? optimizer.WeightDecay,
                Clip = parse.GetValue(_clip) ?? optimizer.Clip,
            },
            Schedule = schedule with
            {
                Kind = parse.GetValue(_schedule) ?? schedule.Kind,
                WarmupSteps = parse.GetValue(_warmup) ?? schedule.WarmupSteps,
            },
        };
    }
}
