using System.CommandLine;
using XLstm.Cli.Runs;

namespace XLstm.Cli.Commands;

/// <summary>A command whose help begins with examples.</summary>
internal abstract class DocumentedCommand : Command
{
    protected DocumentedCommand(string name, string description, Streams streams, CancellationToken cancellation) : base(name, description)
    {
        (Streams, Cancellation) = (streams, cancellation);
        SetAction(Execute);
    }

    /// <summary>Command lines with what they do, as they stand in the help.</summary>
    public abstract string Examples { get; }

    /// <summary>What the options alone do not tell; empty for nothing.</summary>
    public virtual string Notes => "";

    protected Streams Streams { get; }

    protected CancellationToken Cancellation { get; }

    protected abstract int Execute(ParseResult parse);

    protected void Excludes(Option one, Option other) => Validators.Add(result =>
    {
        if (result.GetResult(one) is { Implicit: false } && result.GetResult(other) is { Implicit: false })
            result.AddError($"{one.Name} and {other.Name} exclude each other.");
    });

    protected void Note(string text) => Streams.Error.WriteLine("xlstm: " + TextSample.Printable(text));
}
