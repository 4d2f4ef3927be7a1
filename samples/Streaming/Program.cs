using System.Text;
using XLstm;
using XLstm.Samples.Streaming;

// A directory that "xlstm train" wrote, or a model of one rhyme that takes a few seconds to learn.
using var temporary = new TemporaryDirectory();
string directory = args is [string given] ? given : Rhyme.Learn(temporary.Path);

#region Load
// Immutable and thread-safe: load a model once and share it between all texts.
var model = XLstmLanguageModel.Load(directory);
TextTokenizer tokenizer = TextTokenizer.Load(directory);
#endregion

#region Stream
// A session is all that a text in progress needs: its size depends on the model, never on the length of the text.
using Session session = model.CreateSession();
session.Append(tokenizer.Encode("The clock "));
var sampler = new Sampler(new SamplingOptions(Temperature: 0.5f, Seed: 1));
foreach (int tokens in (int[])[100, 1_000, 10_000])
{
    while (session.Position < tokens)
        session.Step(sampler.Next(session.Logits));
    Console.WriteLine($"after {session.Position,6} tokens the state has {session.StateBytes} bytes");
}
#endregion

#region Fork
// Two continuations of the same past, which neither of them reads again.
using Session other = session.Fork();
Console.WriteLine($"one branch   ...{Continue(session, "\nThe cat ")}");
Console.WriteLine($"another      ...{Continue(other, "\nThe rain ")}");
#endregion

#region Save
// A session that is put away goes on as if it had never stopped, tomorrow or on another machine.
string file = Path.Combine(temporary.Path, "session.safetensors");
session.Save(file);
using Session restored = Session.Load(model, file);
bool same = session.Logits.SequenceEqual(restored.Logits);
Console.WriteLine($"restored at token {restored.Position}: logits {(same ? "equal" : "differ")}");
Console.WriteLine($"continues    {(Continue(session, "\nThe ") == Continue(restored, "\nThe ") ? "alike" : "differently")}");
#endregion

string Continue(Session from, string prompt)
{
    from.Append(tokenizer.Encode(prompt));
    var draws = new Sampler(new SamplingOptions(Temperature: 0.5f, Seed: 2));
    IncrementalDecoder decoder = tokenizer.CreateDecoder();
    var text = new StringBuilder(prompt);
    for (int i = 0; i < 60; i++)
    {
        int token = draws.Next(from.Logits);
        text.Append(decoder.Append(token));
        from.Step(token);
    }
    return text.ToString().ReplaceLineEndings(" / ");
}
