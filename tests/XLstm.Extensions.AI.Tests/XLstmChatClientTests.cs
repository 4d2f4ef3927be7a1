using System.Text;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace XLstm.Extensions.AI.Tests;

public sealed class XLstmChatClientTests : IDisposable
{
    private static readonly TextModel Model = Tiny.Model();

    private readonly XLstmChatClient _client = new(Model);

    public void Dispose() => _client.Dispose();

    private static ChatOptions Options(int tokens = 30) => new() { MaxOutputTokens = tokens, Seed = 3 };

    private static ChatMessage User(string text) => new(ChatRole.User, text);

    [Fact]
    public async Task TheAnswerIsWhatASessionGenerates()
    {
        ChatResponse response = await _client.GetResponseAsync(
            [new(ChatRole.System, "Be kind."), User("Hi"), new(ChatRole.Assistant, "Hello."), User("Who?")],
            new() { MaxOutputTokens = 40, Seed = 3, Temperature = 0.7f, TopP = 0.9f, TopK = 50, FrequencyPenalty = 0.1f, PresencePenalty = 0.2f, StopSequences = ["zz"], AdditionalProperties = new() { ["min_p"] = 0.01, ["repetition_penalty"] = 1.1f } });
        using TextSession session = Model.CreateSession();
        foreach (string piece in (string[])["Be kind.\n\n", "User: Hi\n", "Assistant:", " Hello.\n", "User: Who?\n", "Assistant:"])
            session.Append(piece);
        string expected = string.Concat(session.Generate("", new()
        {
            MaxTokens = 40, Seed = 3, Temperature = 0.7f, TopP = 0.9f, TopK = 50, FrequencyPenalty = 0.1f, PresencePenalty = 0.2f, Stop = ["zz", "\nUser:", "\nAssistant:"], MinP = 0.01f, RepetitionPenalty = 1.1f,
        }).Select(t => t.Text));
        Assert.Equal(expected.Trim(), response.Text);
        Assert.Equal(ChatRole.Assistant, Assert.Single(response.Messages).Role);
        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
        Assert.Equal("xlstm", response.ModelId);
        Assert.Equal((Encoding.UTF8.GetByteCount("Be kind.\n\nUser: Hi\nAssistant: Hello.\nUser: Who?\nAssistant:"), 40, 0L), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.CachedInputTokenCount));
    }

    [Fact]
    public async Task StreamsAreTheSame()
    {
        ChatResponse whole = await _client.GetResponseAsync([User("Hi")], Options());
        var updates = new List<ChatResponseUpdate>();
        await foreach (ChatResponseUpdate update in _client.GetStreamingResponseAsync([User("Hi")], Options()))
            updates.Add(update);
        Assert.Equal(whole.Text, string.Concat(updates.Select(u => u.Text)).TrimEnd());
        Assert.True(updates.Count > 3);
        Assert.Single(updates.Select(u => u.ResponseId).Distinct());
        Assert.Equal(ChatFinishReason.Length, updates[^1].FinishReason);
    }

    /// <summary>What a kept state answers is what a client says that reads everything.</summary>
    [Fact]
    public async Task AConversationIsReadOnce()
    {
        List<ChatMessage> messages = [User("Hi")];
        for (int turn = 0; turn < 3; turn++)
        {
            ChatResponse response = await _client.GetResponseAsync(messages, Options());
            using var fresh = new XLstmChatClient(Model);
            ChatResponse anew = await fresh.GetResponseAsync(messages, Options());
            Assert.Equal(anew.Text, response.Text);
            Assert.Equal(anew.Usage!.InputTokenCount, response.Usage!.InputTokenCount);
            Assert.Equal(turn > 0, response.Usage.CachedInputTokenCount > 0);
            messages.AddRange(response.Messages);
            messages.Add(User($"And {turn}?"));
        }
        // Another past, other answers: nothing of the first is used.
        messages[0] = User("Ho");
        Assert.Equal(0, (await _client.GetResponseAsync(messages, Options())).Usage!.CachedInputTokenCount);
    }

    [Fact]
    public async Task RequestsRunSideBySide()
    {
        string[] alone = await Task.WhenAll(Enumerable.Range(0, 12).Select(async i => (await _client.GetResponseAsync([User($"{i % 4}")], Options())).Text));
        for (int i = 4; i < 12; i++)
            Assert.Equal(alone[i % 4], alone[i]);
    }

    [Fact]
    public async Task CancellationIsHeard()
    {
        using var source = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ChatResponseUpdate _ in _client.GetStreamingResponseAsync([User("Hi")], Options(100_000), source.Token))
                source.Cancel();
        });
    }

    public static TheoryData<string> Refused => ["Tools", "ToolMode", "ResponseFormat", "ConversationId", "ModelId", "AllowBackgroundResponses", "RawRepresentationFactory", "Reasoning", "logit_bias"];

    [Theory, MemberData(nameof(Refused))]
    public async Task WhatWouldBeIgnoredIsRefusedByName(string option)
    {
        var options = new ChatOptions();
        switch (option)
        {
            case "Tools": options.Tools = [AIFunctionFactory.Create(() => 1, "one")]; break;
            case "ToolMode": options.ToolMode = ChatToolMode.RequireAny; break;
            case "ResponseFormat": options.ResponseFormat = ChatResponseFormat.Json; break;
            case "ConversationId": options.ConversationId = "1"; break;
            case "ModelId": options.ModelId = "gpt"; break;
            case "RawRepresentationFactory": options.RawRepresentationFactory = _ => null; break;
            case "AllowBackgroundResponses": options.AllowBackgroundResponses = true; break;
            case "Reasoning": options.Reasoning = new(); break;
            default: options.AdditionalProperties = new() { [option] = 1 }; break;
        }
        NotSupportedException e = await Assert.ThrowsAsync<NotSupportedException>(() => _client.GetResponseAsync([User("Hi")], options));
        Assert.Contains(option, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MessagesThatAreNoTextAreRefused()
    {
        Assert.Contains("DataContent", (await Assert.ThrowsAsync<NotSupportedException>(() => _client.GetResponseAsync([new(ChatRole.User, [new DataContent("data:image/png;base64,AA==")])]))).Message, StringComparison.Ordinal);
        Assert.Contains("tool", (await Assert.ThrowsAsync<NotSupportedException>(() => _client.GetResponseAsync([new(ChatRole.Tool, "x")]))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => _client.GetResponseAsync([]));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _client.GetResponseAsync([User("x")], new() { Temperature = -1 }));
    }

    [Fact]
    public async Task ModelsAreRegisteredAndShared()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("xlstm-test-");
        try
        {
            Model.Model.Save(folder.FullName);
            Model.Tokenizer.Save(folder.FullName);
            using ServiceProvider provider = new ServiceCollection().AddXLstmChatClient(folder.FullName).AddXLstmEmbeddingGenerator(folder.FullName).BuildServiceProvider();
            IChatClient client = provider.GetRequiredService<IChatClient>();
            var embeddings = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
            Assert.Same(client.GetService(typeof(TextModel)), embeddings.GetService(typeof(TextModel)));
            Assert.Equal(folder.Name, ((ChatClientMetadata)client.GetService(typeof(ChatClientMetadata))!).DefaultModelId);
            Assert.Same(client, client.GetService(typeof(IChatClient)));
            Assert.Equal((await _client.GetResponseAsync([User("Hi")], Options())).Text, (await client.GetResponseAsync([User("Hi")], Options())).Text);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
