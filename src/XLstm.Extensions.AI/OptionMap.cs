using System.Globalization;
using Microsoft.Extensions.AI;

namespace XLstm.Extensions.AI;

/// <summary>Options of requests as those of the library, and a refusal of those that would be ignored.</summary>
internal static class OptionMap
{
    public static GenerationOptions Generation(ChatOptions? options, GenerationOptions defaults, string modelId)
    {
        defaults = defaults with { Seed = (ulong)Random.Shared.NextInt64() };
        if (options is null)
            return defaults;
        Refuse(options.Tools is { Count: > 0 }, nameof(options.Tools), "the model calls no tools");
        Refuse(options.ToolMode is not null and not NoneChatToolMode and not AutoChatToolMode, nameof(options.ToolMode), "the model calls no tools");
        Refuse(options.ResponseFormat is not null and not ChatResponseFormatText, nameof(options.ResponseFormat), "answers are text");
        Refuse(options.ConversationId is not null, nameof(options.ConversationId), "a request brings the whole conversation; what was read of it before is not read again");
        Refuse(options.AllowBackgroundResponses is true, nameof(options.AllowBackgroundResponses), "answers are computed while they are waited for");
        Refuse(options.RawRepresentationFactory is not null, nameof(options.RawRepresentationFactory), "there are no options of another kind below");
#pragma warning disable MEAI001 // To refuse what is experimental it has to be named.
        Refuse(options.ContinuationToken is not null, nameof(options.ContinuationToken), "answers are computed while they are waited for");
#pragma warning restore MEAI001
        Refuse(options.Reasoning is not null, nameof(options.Reasoning), "the model answers at once");
        CheckModel(options.ModelId, modelId);
        GenerationOptions mapped = defaults with
        {
            MaxTokens = options.MaxOutputTokens ?? defaults.MaxTokens,
            Temperature = options.Temperature ?? defaults.Temperature,
            TopP = options.TopP ?? defaults.TopP,
            TopK = options.TopK ?? defaults.TopK,
            FrequencyPenalty = options.FrequencyPenalty ?? defaults.FrequencyPenalty,
            PresencePenalty = options.PresencePenalty ?? defaults.PresencePenalty,
            Seed = options.Seed is { } seed ? (ulong)seed : defaults.Seed,
            Stop = [.. defaults.Stop, .. options.StopSequences ?? []],
        };
        foreach ((string name, object? value) in options.AdditionalProperties ?? [])
            mapped = name switch
            {
                "min_p" => mapped with { MinP = Number(name, value) },
                "repetition_penalty" => mapped with { RepetitionPenalty = Number(name, value) },
                _ => throw new NotSupportedException($"The additional property \"{name}\" is not supported: min_p and repetition_penalty are."),
            };
        return mapped;
    }

    public static void Check(EmbeddingGenerationOptions? options, string modelId, int dimensions)
    {
        if (options is null)
            return;
        Refuse(options.Dimensions is { } asked && asked != dimensions, nameof(options.Dimensions), $"the embeddings of this model have {dimensions}");
        Refuse(options.RawRepresentationFactory is not null, nameof(options.RawRepresentationFactory), "there are no options of another kind below");
        Refuse(options.AdditionalProperties is { Count: > 0 }, nameof(options.AdditionalProperties), "none is known");
        CheckModel(options.ModelId, modelId);
    }

    public static string Text(ChatMessage message)
    {
        foreach (AIContent content in message.Contents)
            if (content is not (TextContent or UsageContent))
                throw new NotSupportedException($"A {content.GetType().Name} in a message is not supported: the model reads text.");
        return message.Text;
    }

    private static void CheckModel(string? asked, string modelId) =>
        Refuse(asked is not null && asked != modelId, nameof(ChatOptions.ModelId), $"this client has the model \"{modelId}\", not \"{asked}\"");

    private static float Number(string name, object? value) => value is IConvertible number
        ? number.ToSingle(CultureInfo.InvariantCulture)
        : throw new NotSupportedException($"The additional property \"{name}\" is {value ?? "null"}; expected a number.");

    private static void Refuse(bool given, string option, string why)
    {
        if (given)
            throw new NotSupportedException($"The option {option} is not supported: {why}.");
    }
}
