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

#region Text
// The same with text: a model with its tokenizer, and sessions that read and write it.
var texts = new TextModel(model, tokenizer); // or TextModel.Load(directory)
using TextSession poem = texts.CreateSession();
Console.Write("as text      ...");
await foreach (GeneratedToken token in poem.GenerateAsync("The clock ", new() { MaxTokens = 60, Temperature = 0.5f, Stop = [","] }))
    Console.Write(token.Text.ReplaceLineEndings(" / "));
Console.WriteLine();
#endregion

#region Prefix
// What many texts begin with is read once, and kept as a state of constant size.
using TextSession prefix = texts.CreateSession();
prefix.Append("The clock in the hall says tick and tock,\nthe ");
foreach (string request in (string[])["key", "cat"])
{
    using TextSession answer = prefix.Fork();
    string text = string.Concat(answer.Generate(request, new() { MaxTokens = 40, Temperature = 0 }).Select(t => t.Text));
    Console.WriteLine($"after {prefix.Tokens.Position} tokens that were read once: {request} ...{text.ReplaceLineEndings(" / ")}");
}
#endregion

#region Batch
// Several prompts in one batch, each continued as if it were alone.
string[] prompts = ["The rain ", "The cat on the stair "];
foreach (GeneratedText text in texts.Generate(prompts, new() { MaxTokens = 40, Temperature = 0 }))
    Console.WriteLine($"in a batch   ...{text.Text.ReplaceLineEndings(" / ")}");
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
