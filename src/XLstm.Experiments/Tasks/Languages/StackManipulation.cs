namespace XLstm.Experiments;

/// <summary>
/// What is on a stack, from the bottom up, that began with some tokens and was pushed to and popped from: "1 1 3 POP POP PUSH3 PUSH3 ACT 1 3 3",
/// each token asked at the one before it. Deterministic context-free. Guessing gets 1/8. Source: arXiv 2405.04517, appendix on formal
/// languages; eight tokens, the shares of operations and that one token at least stays are our reading.
/// </summary>
internal sealed class StackManipulation : FormalLanguage
{
    private const int Symbols = 8, FirstPush = Symbols, Pop = 2 * Symbols, Act = Pop + 1;

    public override string Version => "stack manipulation 1";

    public override int Vocabulary => Act + 1;

    public override int Classes => Symbols;

    public override double RandomAccuracy => 1.0 / Symbols;

    public override int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels)
    {
        // Each token that comes onto the stack is read twice, or once and popped: the length does not depend on how many are.
        int all = tokens.Length / 2, height = 1 + (int)random.NextInteger(all), pushes = all - height, pops = (int)random.NextInteger(all), at = 0;
        Span<int> stack = labels[..all];
        for (; at < height; at++)
            tokens[at] = stack[at] = (int)random.NextInteger(Symbols);
        while (pushes + pops > 0)
        {
            if (height > 0 && random.NextInteger(pushes + pops) < pops)
            {
                (tokens[at++], height, pops) = (Pop, height - 1, pops - 1);
                continue;
            }
            stack[height] = (int)random.NextInteger(Symbols);
            (tokens[at++], height, pushes) = (FirstPush + stack[height], height + 1, pushes - 1);
        }
        tokens[at] = Act;
        Span<int> content = stackalloc int[height];
        stack[..height].CopyTo(content);
        labels.Fill(-1);
        content.CopyTo(labels[at..]);
        content[..^1].CopyTo(tokens[(at + 1)..]);
        return at + height;
    }
}
