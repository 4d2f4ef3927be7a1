namespace XLstm.Experiments;

/// <summary>
/// Where one stands on a circle of five places after the steps 0, +1 and -1 (tokens 0, 1, 2), asked at the last. Regular. Guessing gets
/// 1/5. Source: arXiv 2405.04517, appendix on formal languages; five places after arXiv 2207.02098.
/// </summary>
internal sealed class CycleNavigation : FormalLanguage
{
    public const int Places = 5;

    public override string Version => "cycle navigation 1";

    public override int Vocabulary => 3;

    public override int Classes => Places;

    public override double RandomAccuracy => 1.0 / Places;

    public override int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels)
    {
        int place = 0;
        foreach (ref int token in tokens)
        {
            token = (int)random.NextInteger(3);
            place += token switch { 0 => 0, 1 => 1, _ => Places - 1 };
        }
        labels[^1] = place % Places;
        return tokens.Length;
    }
}
