using System.CommandLine;

namespace XLstm.Cli.Commands;

/// <summary>The options that tell how a text is continued.</summary>
internal sealed class GenerationArguments(int maxTokens)
{
    private readonly Option<int> _maxTokens = Options.Number("--max-tokens", "N", "How many tokens to write.", maxTokens, 0);
    private readonly Option<float> _temperature = Options.Number("--temperature", "X", "0 always takes the most likely token; higher values are bolder.", 0.8f, 0f, 1000f);
    private readonly Option<int> _topK = Options.Number("--top-k", "N", "Draw only from the N most likely tokens; 0 for all.", 0, 0);
    private readonly Option<float> _topP = Options.Number("--top-p", "X", "Draw only from the most likely tokens that make up this share of the probability.", 1f, float.Epsilon, 1f);
    private readonly Option<float> _minP = Options.Number("--min-p", "X", "Draw only tokens that are at least X times as likely as the most likely one.", 0f, 0f, 1f);
    private readonly Option<float> _repetition = Options.Number("--repetition-penalty", "X", "Makes tokens of the prompt and of the text so far less likely: above 1, such as 1.1.", 1f, float.Epsilon, 1000f);
    private readonly Option<float> _frequency = Options.Number("--frequency-penalty", "X", "Taken from the logit of a token for each time that it was written.", 0f, -1000f, 1000f);
    private readonly Option<float> _presence = Options.Number("--presence-penalty", "X", "Taken once from the logit of a token that was written.", 0f, -1000f, 1000f);
    private readonly Option<string[]> _stop = new("--stop") { HelpName = "TEXT", Description = "End where this text would appear; may be given several times. \\n is a line break." };
    private readonly Option<ulong?> _seed = Options.OptionalNumber("--seed", "N", "The same seed gives the same text. Without it every run differs.", 0ul);

    public IEnumerable<Option> All => [_maxTokens, _temperature, _topK, _topP, _minP, _repetition, _frequency, _presence, _stop, _seed];

    public GenerationOptions Read(ParseResult parse) => new()
    {
        MaxTokens = parse.GetValue(_maxTokens),
        Temperature = parse.GetValue(_temperature),
        TopK = parse.GetValue(_topK),
        TopP = parse.GetValue(_topP),
        MinP = parse.GetValue(_minP),
        RepetitionPenalty = parse.GetValue(_repetition),
        FrequencyPenalty = parse.GetValue(_frequency),
        PresencePenalty = parse.GetValue(_presence),
        Stop = [.. (parse.GetValue(_stop) ?? []).Select(s => s.Replace("\\n", "\n", StringComparison.Ordinal)).Where(s => s.Length > 0)],
        Seed = parse.GetValue(_seed) ?? (ulong)Random.Shared.NextInt64(),
    };
}
