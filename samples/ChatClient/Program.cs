using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using XLstm.Extensions.AI;

// A model directory, or the sample model, which knows the diary of Samuel Pepys and no manners.
string directory = args is [string given] ? given : Path.Combine(AppContext.BaseDirectory, "sample-model");

#region Register
var services = new ServiceCollection();
services.AddXLstmChatClient(directory);
services.AddXLstmEmbeddingGenerator(directory);
using ServiceProvider provider = services.BuildServiceProvider();
#endregion

#region Ask
IChatClient client = provider.GetRequiredService<IChatClient>();
var options = new ChatOptions { MaxOutputTokens = 60, Temperature = 0.5f, Seed = 1 };
List<ChatMessage> talk = [new(ChatRole.System, "A talk of two friends.")];
foreach (string question in (string[])["Where have you been?", "And after dinner?"])
{
    talk.Add(new ChatMessage(ChatRole.User, question));
    ChatResponse response = await client.GetResponseAsync(talk, options);
    talk.AddMessages(response);
    UsageDetails usage = response.Usage!;
    Console.WriteLine($"read {usage.InputTokenCount} tokens, {usage.CachedInputTokenCount} of them before, said ...{response.Text.ReplaceLineEndings(" / ")}");
}
#endregion

#region Stream
Console.Write("and then ...");
await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync("What then?", options))
    Console.Write(update.Text.ReplaceLineEndings(" / "));
Console.WriteLine();
#endregion

#region Embed
var embeddings = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
ReadOnlyMemory<float> vector = await embeddings.GenerateVectorAsync("To bed.");
Console.WriteLine($"an embedding of {vector.Length} numbers");
#endregion
