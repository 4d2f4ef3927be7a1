using System.CommandLine;
using XLstm.Cli.Runs;
using XLstm.Kernels;

namespace XLstm.Cli.Commands;

/// <summary>xlstm convert and xlstm quantize: a model once more, under other names or in fewer bits.</summary>
internal sealed class ConvertCommand : DocumentedCommand
{
    private readonly bool _quantizes;
    private readonly Argument<string> _source = new("MODEL") { Description = "A model directory, of any layout that \"inspect\" recognises as a language model." };
    private readonly Argument<string> _destination = new("DIR") { Description = "The directory to make; it must not be there, or be empty." };
    private readonly Option<WeightFormat?> _format;
    private readonly Option<ModelLayout?> _layout = Commands.Options.Choice<ModelLayout>("--layout", "Names and config of an xLSTM Large: of transformers, or of its authors' own code. [default: as it is]");
    private readonly Option<bool> _fused = Commands.Options.Flag("--fused", "Of an xLSTM Large: projections of the same input in one matrix each.");
    private readonly Option<bool> _single = Commands.Options.Flag("--single", "Of an xLSTM Large: each projection by itself.");
    private readonly Option<double?> _shard = Commands.Options.OptionalNumber("--shard", "GB", "Several files of at most so many GB. [default: one file]", double.Epsilon);

    private ConvertCommand(string name, string description, bool quantizes, Streams streams, CancellationToken cancellation) : base(name, description, streams, cancellation)
    {
        _quantizes = quantizes;
        _format = quantizes
            ? Commands.Options.Choice("--format", "How weights are stored: in 8.5 or 4.5 bits a weight; norms, gates and biases keep 32. \"convert\" has other formats. [default: q4]", WeightFormat.Q8, WeightFormat.Q4)
            : Commands.Options.Choice<WeightFormat>("--format", "How weights are stored. q8 and q4 take 8.5 and 4.5 bits a weight; norms, gates and biases keep 32. [default: as they are]");
        Add(_source);
        Add(_destination);
        Add(_format);
        if (quantizes)
            return;
        foreach (Option option in (Option[])[_layout, _fused, _single, _shard])
            Add(option);
        Excludes(_fused, _single);
    }

    public static ConvertCommand Convert(Streams streams, CancellationToken cancellation) =>
        new("convert", "Write a model once more: other names, other number formats, fused or single weights.", false, streams, cancellation);

    public static ConvertCommand Quantize(Streams streams, CancellationToken cancellation) =>
        new("quantize", "Write a model once more with weights of 4 or 8 bits.", true, streams, cancellation);

    public override string Examples => _quantizes
        ? """
          xlstm quantize xLSTM-7b xLSTM-7b-q4                 4.5 bits a weight, in less than a seventh of the space
          xlstm quantize xLSTM-7b xLSTM-7b-q8 --format q8     8.5 bits
        """
        : """
          xlstm convert xLSTM-7b native --layout native       for the authors' own code
          xlstm convert my-model half --format bf16           half the size
          xlstm convert xLSTM-7b fused --fused --shard 5      fewer, larger products; files of 5 GB
        """;

    public override string Notes =>
        """
          Rows are read and written a few at a time: a model may be larger than memory. The directory appears when
          it is whole. Tokenizer and licence come along.
        """;

    protected override int Execute(ParseResult parse)
    {
        string source = parse.GetRequiredValue(_source), destination = parse.GetRequiredValue(_destination);
        WeightFormat? format = parse.GetValue(_format) ?? (_quantizes ? WeightFormat.Q4 : null);
        var options = new ConversionOptions(
            parse.GetValue(_layout), format, parse.GetValue(_fused) ? true : parse.GetValue(_single) ? false : null,
            parse.GetValue(_shard) is { } shard ? (long)Math.Min(shard * 1e9, long.MaxValue / 2) : null);
        if (!Directory.Exists(source))
            throw new CommandError(File.Exists(source) ? $"{source}: expected a model directory, found a file." : $"{source}: there is no such model directory.");
        if (!_quantizes && options == new ConversionOptions())
            throw new UsageMistake("There is nothing to change: give --format, --layout, --fused, --single or --shard.");
        using (var progress = new WorkProgress(Streams, Name))
            ModelConverter.Convert(source, destination, options, progress, Cancellation);
        long bytes = Directory.EnumerateFiles(destination, "*.safetensors").Sum(f => new FileInfo(f).Length);
        Streams.Out.WriteLine($"{destination} has the model: {Report.Bytes(bytes)} of weights{(format is { } f ? $", {f.ToString().ToLowerInvariant()}" : "")}.");
        return ExitCode.Success;
    }
}
