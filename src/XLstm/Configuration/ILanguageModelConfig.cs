namespace XLstm;

/// <summary>What a config file describes: a stack of blocks or a language model, of any architecture of this library.</summary>
public interface IModelConfig
{
    /// <summary>Width of the residual stream.</summary>
    int EmbeddingDim { get; }

    /// <summary>Number of blocks.</summary>
    int NumBlocks { get; }

    internal IEnumerable<ConfigProblem> Problems();

    /// <summary>Checks that the model can be built.</summary>
    /// <exception cref="ArgumentException">It cannot: the message names the key, its value and what is expected.</exception>
    sealed void Validate()
    {
        foreach (var (key, found, expected) in Problems())
            throw new ArgumentException($"{key} is {found}; expected {expected}.", key);
    }
}

/// <summary>A language model: the paper's blocks (<see cref="XLstmLanguageModelConfig"/>) or xLSTM Large (<see cref="XLstmLargeConfig"/>).</summary>
public interface ILanguageModelConfig : IModelConfig
{
    /// <summary>Number of tokens.</summary>
    int VocabSize { get; }
}
