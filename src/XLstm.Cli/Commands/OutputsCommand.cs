using System.CommandLine;
using System.Runtime.InteropServices;
using XLstm.Kernels;

namespace XLstm.Cli.Commands;

/// <summary>xlstm outputs: what a stack that somebody trained makes of given numbers.</summary>
internal sealed class OutputsCommand : DocumentedCommand
{
    // As many rows at a time as make a tensor of about this size.
    private const int MostNumbers = 1 << 22;

    private readonly Argument<string> _model = new("MODEL") { Description = "Weights of blocks that somebody trained: .pt, .pth, .ckpt, .safetensors, or a directory. \"xlstm inspect\" says what is in them." };
    private readonly Option<string> _inputs = new("--inputs") { HelpName = "FILE", Required = true, Description = "A safetensors file with a tensor \"inputs\", F32 [B, T, F]: B rows of T steps of F features." };
    private readonly Option<string> _output = new("--output") { HelpName = "FILE", Required = true, Description = "The safetensors file to write: \"outputs\", F32 [B, T, O]." };
    private readonly Option<string?> _prefix = Commands.Options.Text("--prefix", "NAME", "Where there are several stacks, what the names of the one that is meant start with.");
    private readonly Option<string?> _before = Commands.Options.Text("--before", "NAME", "The linear map before the stack, \"\" for none. [default: found by its shape]");
    private readonly Option<string?> _after = Commands.Options.Text("--after", "NAME", "The linear map after the stack, \"\" for none. [default: found by its shape]");
    private readonly Option<int> _threads = Commands.Options.Threads(0);

    public OutputsCommand(Streams streams, CancellationToken cancellation)
        : base("outputs", "Compute what a trained stack makes of given numbers, for comparisons with other implementations.", streams, cancellation)
    {
        Add(_model);
        Add(_inputs);
        Add(_output);
        Add(_prefix);
        Add(_before);
        Add(_after);
        Add(_threads);
    }

    public override string Examples =>
        """
          xlstm outputs trained.pt --inputs x.safetensors --output y.safetensors
          xlstm outputs trained.pt --before "" --after "" --inputs x.safetensors --output y.safetensors
        """;

    public override string Notes => "  y = after(stack(before(x))), at every step; rows start from an empty state.";

    protected override int Execute(ParseResult parse)
    {
        string file = parse.GetRequiredValue(_inputs), output = parse.GetRequiredValue(_output);
        OutputFile.Check(_output.Name, output);
        OutputFile.CheckApart(_output.Name, output, file);
        OutputFile.CheckApart(_output.Name, output, parse.GetRequiredValue(_model));
        XLstmStackModel model = XLstmStackModel.Load(parse.GetRequiredValue(_model), parse.GetValue(_prefix), parse.GetValue(_before), parse.GetValue(_after));
        int width = model.Stack.Config.EmbeddingDim, features = model.Input?.Weight.Shape[1] ?? width, outputs = model.Output?.Weight.Shape[0] ?? width;
        using SafetensorsFile inputs = SafetensorsFile.Open(file);
        if (!inputs.Contains("inputs") || inputs.Info("inputs") is not { Shape: [> 0 and <= int.MaxValue, > 0 and <= int.MaxValue, var stored], DType: DType.F32, Count: <= int.MaxValue } info || stored != features)
            throw new CheckpointException(file, "the file", $"a tensor \"inputs\", F32 [B, T, {features}]", inputs.Contains("inputs") ? $"{inputs.Info("inputs")}" : "none of that name");
        int rows = (int)info.Shape[0], steps = (int)info.Shape[1];
        var values = new float[info.Count];
        inputs.ReadFloats("inputs", values);
        using var pass = new Pass(new PassOptions(Threads: parse.GetValue(_threads))) { Cancellation = Cancellation };
        SafetensorsWriter.Write(output, [new TensorToWrite("outputs", DType.F32, [rows, steps, outputs], stream => Write(model, values, rows, steps, pass, stream))]);
        Note($"{output}: outputs [{rows}, {steps}, {outputs}].");
        return ExitCode.Success;
    }

    private static void Write(XLstmStackModel model, float[] values, int rows, int steps, Pass pass, Stream stream)
    {
        int row = values.Length / rows, atOnce = (int)Math.Clamp(MostNumbers / ((long)steps * model.Stack.Config.EmbeddingDim), 1, rows);
        for (int from = 0; from < rows; from += atOnce)
        {
            int count = Math.Min(atOnce, rows - from);
            Tensor x = pass.Rent(new Shape(count, steps, row / steps), values.AsSpan(from * row, count * row));
            Tensor y = model.Forward(x, state: null, pass).Output;
            if (!Elementwise.AllFinite(y.Span))
                throw new CommandError($"The stack gives numbers that are not finite, in rows {from} to {from + count - 1}. \"xlstm inspect\" shows which weights are not finite; the inputs may be, too.");
            stream.Write(MemoryMarshal.AsBytes(y.Span));
            pass.Reset();
        }
    }
}
