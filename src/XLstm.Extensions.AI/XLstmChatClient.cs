using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.AI;

namespace XLstm.Extensions.AI;

/// <summary>A language model as a chat client. Thread-safe: every request has a session of its own.</summary>
/// <remarks>
/// The conversation is written as one text by a <see cref="ChatTemplate"/>, message by message. Of the last conversations the client keeps the state after
/// the answer, which has a constant size however long they are: a request whose messages go on from one reads only what is new, and
/// gets bit for bit what it would get from a client that knows nothing.
/// <para>
/// Options that are followed: Instructions (a system message before the others), MaxOutputTokens, Temperature, TopP, TopK, FrequencyPenalty,
/// PresencePenalty, Seed, StopSequences, and in AdditionalProperties <c>min_p</c> and <c>repetition_penalty</c> (of tokens of the answer). What is not given is as in the client's
/// defaults, a seed of its own for every request included. Everything else is refused.
/// </para>
/// </remarks>
public sealed class XLstmChatClient : IChatClient
{
    private const int MostConversations = 8;

    private readonly TextModel _model;
    private readonly ChatTemplate _template;
    private readonly GenerationOptions _defaults;
    private readonly ChatClientMetadata _metadata;
    private readonly int _threads;
    private readonly LinkedList<(string[] Pieces, TextSession Session)> _conversations = new(); // the newest first
    private bool _disposed;

    /// <summary>A client of a model.</summary>
    /// <param name="model">Shared, and not disposed with the client.</param>
    /// <param name="template">How a conversation is written as text; null for "User: ..." and "Assistant: ...".</param>
    /// <param name="defaults">For what a request leaves open; null for a temperature of 0.8 and what <see cref="GenerationOptions"/> has. Its seed is not used.</param>
    /// <param name="modelId">What the model is called.</param>
    /// <param name="threads">Threads of each request, 0 for one per processor.</param>
    public XLstmChatClient(TextModel model, ChatTemplate? template = null, GenerationOptions? defaults = null, string modelId = "xlstm", int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, _template, _defaults, _threads) = (model, template ?? new ChatTemplate(), defaults ?? new GenerationOptions { Temperature = 0.8f }, threads);
        _metadata = new ChatClientMetadata("xlstm", defaultModelId: modelId);
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">An option or a content that the model cannot follow; the message names it.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ChatResponse response = await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken).ConfigureAwait(false);
        foreach (TextContent text in response.Messages.SelectMany(m => m.Contents).OfType<TextContent>())
            text.Text = text.Text.TrimEnd();
        return response;
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">An option or a content that the model cannot follow; the message names it.</exception>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ObjectDisposedException.ThrowIf(_disposed, this);
        GenerationOptions generation = OptionMap.Generation(options, _defaults, _metadata.DefaultModelId!);
        generation = generation with { Stop = [.. _template.Stop, .. generation.Stop] };
        return Stream(Pieces(messages, options?.Instructions), generation, cancellationToken);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType.IsInstanceOfType(_model) ? _model
            : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Gives up the kept conversations.</summary>
    public void Dispose()
    {
        lock (_conversations)
        {
            _disposed = true;
            foreach ((_, TextSession session) in _conversations)
                session.Dispose();
            _conversations.Clear();
        }
    }

    /// <summary>The conversation as texts that the model reads one after the other, up to where it is its turn.</summary>
    private string[] Pieces(IEnumerable<ChatMessage> messages, string? instructions)
    {
        List<string> pieces = instructions is null ? [] : [_template.System(instructions)];
        foreach (ChatMessage message in messages)
        {
            string text = OptionMap.Text(message);
            if (message.Role == ChatRole.System)
                pieces.Add(_template.System(text));
            else if (message.Role == ChatRole.User)
                pieces.Add(_template.User(text));
            else if (message.Role == ChatRole.Assistant)
                pieces.AddRange([_template.AssistantStart, _template.Answer(text)]);
            else
                throw new NotSupportedException($"Messages of the role \"{message.Role}\" are not supported: system, user and assistant are.");
        }
        if (pieces.Count == 0)
            throw new ArgumentException("There are no messages.", nameof(messages));
        return [.. pieces, _template.AssistantStart];
    }

    private async IAsyncEnumerable<ChatResponseUpdate> Stream(string[] pieces, GenerationOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string id = Guid.NewGuid().ToString("N");
        (TextSession session, int known) = Continued(pieces);
        using TextSession conversation = session;
        long cached = session.Tokens.Position;
        await Task.Run(
            () =>
            {
                foreach (string piece in pieces[known..])
                    session.Append(piece, cancellation: cancellation);
            }, cancellation).ConfigureAwait(false);
        // The answer runs ahead in a copy, up to a stop text that the conversation never sees.
        using TextSession answering = session.Fork();
        var answer = new StringBuilder();
        int written = 0;
        await foreach (GeneratedToken token in answering.GenerateAsync("", options, cancellation).ConfigureAwait(false))
        {
            written++;
            string text = answer.Length == 0 ? token.Text.TrimStart() : token.Text;
            answer.Append(text);
            if (text.Length > 0)
                yield return Update(id, [new TextContent(text)]);
            if (token.Finish is { } finish)
            {
                ChatResponseUpdate end = Update(id, [new UsageContent(new UsageDetails
                {
                    InputTokenCount = session.Tokens.Position,
                    CachedInputTokenCount = cached,
                    OutputTokenCount = written,
                    TotalTokenCount = session.Tokens.Position + written,
                })]);
                end.FinishReason = finish == FinishReason.MaxTokens ? ChatFinishReason.Length : ChatFinishReason.Stop;
                string said = _template.Answer(answer.ToString());
                await Task.Run(() => session.Append(said, cancellation: cancellation), cancellation).ConfigureAwait(false);
                Keep([.. pieces, said], session.Fork());
                yield return end;
            }
        }
    }

    private ChatResponseUpdate Update(string id, IList<AIContent> contents) =>
        new(ChatRole.Assistant, contents) { ResponseId = id, MessageId = id, ModelId = _metadata.DefaultModelId, CreatedAt = DateTimeOffset.UtcNow };

    /// <summary>A session that has read the first of the pieces: as many as a kept conversation has in common with them, whole.</summary>
    private (TextSession Session, int Known) Continued(string[] pieces)
    {
        lock (_conversations)
        {
            (string[] Pieces, TextSession Session)[] fitting = [.. _conversations.Where(c => pieces.AsSpan().StartsWith(c.Pieces)).OrderByDescending(c => c.Pieces.Length).Take(1)];
            return fitting is [var (known, session)] ? (session.Fork(), known.Length) : (_model.CreateSession(_threads), 0);
        }
    }

    private void Keep(string[] pieces, TextSession session)
    {
        lock (_conversations)
        {
            _conversations.AddFirst((pieces, session));
            while (_conversations.Count > (_disposed ? 0 : MostConversations))
            {
                _conversations.Last!.Value.Session.Dispose();
                _conversations.RemoveLast();
            }
        }
    }
}
