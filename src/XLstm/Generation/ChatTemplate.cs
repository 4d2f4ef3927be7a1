namespace XLstm;

/// <summary>How a conversation is written as one text, for a model that continues texts: by default as a play, "User: ..." and "Assistant: ..." below each other.</summary>
/// <param name="SystemStart">Before what tells the model how to behave, which stands at the beginning.</param>
/// <param name="SystemEnd">After it.</param>
/// <param name="UserStart">Before what the user says.</param>
/// <param name="UserEnd">After it.</param>
/// <param name="AssistantStart">Before what the model answers; the model goes on from here.</param>
/// <param name="AssistantEnd">After it.</param>
public sealed record ChatTemplate(
    string SystemStart = "", string SystemEnd = "\n\n", string UserStart = "User: ", string UserEnd = "\n", string AssistantStart = "Assistant:", string AssistantEnd = "\n")
{
    /// <summary>The texts after which it would be the user's turn: what ends an answer.</summary>
    public IReadOnlyList<string> Stop =>
        [.. ((string[])[AssistantEnd + UserStart.TrimEnd(), AssistantEnd + AssistantStart.TrimEnd()]).Distinct(StringComparer.Ordinal).Where(s => s.Trim().Length > 0)];

    /// <summary>What tells the model how to behave.</summary>
    public string System(string text) => SystemStart + text + SystemEnd;

    /// <summary>What the user says.</summary>
    public string User(string text) => UserStart + text + UserEnd;

    /// <summary>What the model said, after <see cref="AssistantStart"/>: as it would have been written, whatever space it began and ended with.</summary>
    public string Answer(string text) => (AssistantStart.Length > 0 && !char.IsWhiteSpace(AssistantStart[^1]) ? " " : "") + text.Trim() + AssistantEnd;
}
