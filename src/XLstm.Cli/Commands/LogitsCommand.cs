using System.CommandLine;
using System.Runtime.InteropServices;
using XLstm.Kernels;

namespace XLstm.Cli.Commands;

/// <summary>xlstm logits: the numbers behind the text.</summary>
internal sealed class LogitsCommand : DocumentedCommand
{
    // Long rows go by segments and many rows by groups, so that memory does not grow with the input.
    private const int Segment = 32 * MLstmChunkwise.DefaultChunkLength;
    private const long MostLogits = 1 << 26;

    private readonly Option<string> _model = Commands.Options.Model();
    private readonly Option<string> _tokens = new("--tokens") { HelpName = "FILE", Required = true, Description = "A safetensors file with a tensor \"tokens\", I64 [B, T]: B rows of T tokens." };
    private readonly Option<string> _output = new("--output") { HelpName = "FILE", Required = true, Description = "The safetensors file to write: \"logits\", F32 [B, T, vocabulary]." };
    private readonly Option<MLstmForm?> _form = Commands.Options.Choice<MLstmForm>("--form", "How the mLSTM is computed; the numbers agree to rounding. Parallel needs memory for T x T pairs. [default: chunkwise]");
    private readonly Option<int> _threads = Commands.Options.Threads(0);

    public LogitsCommand(Streams streams, CancellationToken cancellation)
        : base("logits", "Compute the logits of given tokens, for comparisons with other implementations.", streams, cancellation)
    {
        Add(_model);
        Add(_tokens);
        Add(_output);
        Add(_form);
        Add(_threads);
    }

    public override string Examples =>
        """
          xlstm logits --model my-model --tokens tokens.safetensors --output logits.safetensors
          xlstm logits --model my-model --tokens tokens.safetensors --output logits.safetensors --form recurrent
        """;

    public override string Notes => "  Row b, step t of the output says what follows tokens[b, 0..t].";

    protected override int Execute(ParseResult parse)
    {
        string file = parse.GetRequiredValue(_tokens), output = parse.GetRequiredValue(_output);
        OutputFile.Check(_output.Name, output);
        OutputFile.CheckApart(_output.Name, output, file);
        OutputFile.CheckApart(_output.Name, output, parse.GetRequiredValue(_model));
        XLstmLanguageModel model = ModelDirectory.Load(parse.GetRequiredValue(_model));
        TokenTable tokens = TokenTable.Read(file, "tokens");
        tokens.Check(0, model.VocabSize, "a token of the model");
        using var pass = new Pass(new PassOptions(Threads: parse.GetValue(_threads), Form: parse.GetValue(_form) ?? MLstmForm.Chunkwise)) { Cancellation = Cancellation };
        SafetensorsWriter.Write(output, [new TensorToWrite(
            "logits", DType.F32, [tokens.Rows, tokens.Steps, model.VocabSize], stream => Write(model, tokens, pass, stream))]);
        Note($"{output}: logits [{tokens.Rows}, {tokens.Steps}, {model.VocabSize}].");
        return ExitCode.Success;
    }

    private static void Write(XLstmLanguageModel model, TokenTable tokens, Pass pass, Stream stream)
    {
        long perRow = (long)tokens.Steps * model.VocabSize;
        if (pass.Options.Form == MLstmForm.Parallel && perRow > 8 * MostLogits)
            throw new CommandError($"--form parallel computes a row of {tokens.Steps} steps at once, which is too much memory; --form chunkwise gives the same numbers to rounding.");
        bool whole = pass.Options.Form == MLstmForm.Parallel || (tokens.Steps <= Segment && perRow <= MostLogits);
        int rows = whole ? (int)Math.Clamp(MostLogits / perRow, 1, tokens.Rows) : 1;
        // Of whole chunks: the same sums as without segments.
        int chunks = (int)Math.Max(1, MostLogits / model.VocabSize / MLstmChunkwise.DefaultChunkLength);
        int steps = whole ? tokens.Steps : Math.Min(Segment, chunks * MLstmChunkwise.DefaultChunkLength);
        for (int row = 0; row < tokens.Rows; row += rows)
        {
            int count = Math.Min(rows, tokens.Rows - row);
            StackState? state = null;
            for (int step = 0; step < tokens.Steps; step += steps)
            {
                int[] part = tokens.Part(row, count, step, Math.Min(steps, tokens.Steps - step));
                (Tensor logits, StackState next) = model.Forward(part, count, state, pass);
                if (!Elementwise.AllFinite(logits.Span))
                    throw new CommandError($"The model gives logits that are not finite, in rows {row} to {row + count - 1} from step {step} on. \"xlstm inspect\" shows which weights are not finite.");
                stream.Write(MemoryMarshal.AsBytes(logits.Span));
                state = step + steps < tokens.Steps ? next.Copy() : null;
                pass.Reset();
            }
        }
    }
}
