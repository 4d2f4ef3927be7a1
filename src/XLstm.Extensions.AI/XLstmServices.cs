using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace XLstm.Extensions.AI;

/// <summary>Registers models for dependency injection, as singletons: a model is loaded with the first use and shared by all.</summary>
public static class XLstmServices
{
    /// <summary>An <see cref="IChatClient"/> of the model in a directory.</summary>
    /// <param name="services">Where to register it.</param>
    /// <param name="modelDirectory">config.json, model.safetensors, tokenizer.json. Chat and embeddings of one directory share one model.</param>
    /// <param name="template">As for <see cref="XLstmChatClient"/>.</param>
    /// <param name="defaults">As for <see cref="XLstmChatClient"/>.</param>
    public static IServiceCollection AddXLstmChatClient(this IServiceCollection services, string modelDirectory, ChatTemplate? template = null, GenerationOptions? defaults = null) =>
        services.AddModel(modelDirectory).AddSingleton<IChatClient>(s => new XLstmChatClient(Model(s, modelDirectory), template, defaults, NameOf(modelDirectory)));

    /// <summary>An <see cref="IChatClient"/> of a model that is there already.</summary>
    /// <param name="services">Where to register it.</param>
    /// <param name="model">The model.</param>
    /// <param name="template">As for <see cref="XLstmChatClient"/>.</param>
    /// <param name="defaults">As for <see cref="XLstmChatClient"/>.</param>
    public static IServiceCollection AddXLstmChatClient(this IServiceCollection services, TextModel model, ChatTemplate? template = null, GenerationOptions? defaults = null) =>
        services.AddSingleton<IChatClient>(_ => new XLstmChatClient(model, template, defaults));

    /// <summary>An <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> of the model in a directory.</summary>
    /// <param name="services">Where to register it.</param>
    /// <param name="modelDirectory">config.json, model.safetensors, tokenizer.json.</param>
    public static IServiceCollection AddXLstmEmbeddingGenerator(this IServiceCollection services, string modelDirectory) =>
        services.AddModel(modelDirectory).AddSingleton<IEmbeddingGenerator<string, Embedding<float>>>(s => new XLstmEmbeddingGenerator(Model(s, modelDirectory), NameOf(modelDirectory)));

    private static IServiceCollection AddModel(this IServiceCollection services, string directory)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(directory);
        services.TryAddKeyedSingleton(directory, (_, _) => TextModel.Load(directory));
        return services;
    }

    private static TextModel Model(IServiceProvider services, string directory) => services.GetRequiredKeyedService<TextModel>(directory);

    private static string NameOf(string directory) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)));
}
