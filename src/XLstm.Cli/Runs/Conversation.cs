using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace XLstm.Cli.Runs;

/// <summary>A conversation that a model has read once: the state after the last answer, the lines, and where branches began.</summary>
internal sealed class Conversation : IDisposable
{
    private const string LinesNote = "chat";

    private readonly ChatTemplate _template;
    private readonly string? _system;
    private readonly Stack<(TextSession Session, List<(bool IsUser, string Text)> History)> _branches = new();
    private TextSession _session;
    private List<(bool IsUser, string Text)> _history = [];

    public Conversation(TextModel model, ChatTemplate template, string? system, int threads)
    {
        (_template, _system, _session) = (template, system, model.CreateSession(threads));
        Begin();
    }

    public IReadOnlyList<(bool IsUser, string Text)> History => _history;

    public int Branches => _branches.Count;

    public long Tokens => _session.Tokens.Position;

    /// <summary>Says something and gives the answer as it comes. Where it is stopped, what came up to there is the answer.</summary>
    public IEnumerable<string> Ask(string line, GenerationOptions options, CancellationToken cancellation)
    {
        using TextSession answering = _session.Fork();
        string asked = _template.User(line) + _template.AssistantStart;
        var answer = new StringBuilder();
        // The answer runs ahead in a copy, up to a stop text that the conversation never sees.
        using (IEnumerator<GeneratedToken> tokens = answering.Generate(asked, options, cancellation).GetEnumerator())
            while (Moves(tokens))
            {
                answer.Append(tokens.Current.Text);
                yield return tokens.Current.Text;
            }
        string text = answer.ToString().Trim();
        _history.AddRange([(true, line), (false, text)]);
        _session.Append(asked + _template.Answer(text), cancellation: CancellationToken.None);
    }

    public void Fork()
    {
        _branches.Push((_session, _history));
        (_session, _history) = (_session.Fork(), [.. _history]);
    }

    public bool Back()
    {
        if (!_branches.TryPop(out (TextSession Session, List<(bool IsUser, string Text)> History) before))
            return false;
        _session.Dispose();
        (_session, _history) = before;
        return true;
    }

    public void Reset()
    {
        _session.Reset();
        _history.Clear();
        Begin();
    }

    /// <summary>Writes the conversation, to a new file or over another conversation with this model.</summary>
    public void Save(string file)
    {
        if (File.Exists(file))
            try
            {
                TextSession.Load(_session.Model, file).Dispose();
            }
            catch (CheckpointException)
            {
                throw new CommandError($"{file}: there is a file already that is no conversation with this model. Name another one.");
            }
        _session.Tokens.Notes[LinesNote] = JsonSerializer.Serialize([.. _history.Select(line => line.Text)], LinesJson.Default.StringArray);
        _session.Save(file);
    }

    public void Load(string file)
    {
        TextSession loaded = TextSession.Load(_session.Model, file);
        _session.Dispose();
        _session = loaded;
        _history = Lines(loaded.Tokens);
    }

    public void Dispose()
    {
        while (Back())
        {
        }
        _session.Dispose();
    }

    // Theirs and the model's in turn; a session that no chat wrote has none.
    private static List<(bool IsUser, string Text)> Lines(Session session)
    {
        try
        {
            string[]? lines = session.Notes.TryGetValue(LinesNote, out string? note) ? JsonSerializer.Deserialize(note, LinesJson.Default.StringArray) : null;
            return [.. (lines ?? []).Select((line, i) => (i % 2 == 0, line ?? ""))];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private void Begin()
    {
        if (_system is not null)
            _session.Append(_template.System(_system));
    }

    private static bool Moves(IEnumerator<GeneratedToken> tokens)
    {
        try
        {
            return tokens.MoveNext();
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}

[JsonSerializable(typeof(string[]))]
internal sealed partial class LinesJson : JsonSerializerContext;
