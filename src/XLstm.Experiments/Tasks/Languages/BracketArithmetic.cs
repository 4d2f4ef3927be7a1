namespace XLstm.Experiments;

/// <summary>
/// The value modulo 5 of a term in brackets such as "( 2 * - ( 4 - 1 ) ) =", asked at "=". Deterministic context-free: brackets need a
/// stack. Guessing gets 1/5. Source: arXiv 2405.04517, appendix on formal languages; how terms are drawn is our reading.
/// </summary>
internal sealed class BracketArithmetic : FormalLanguage
{
    public override string Version => "bracket arithmetic 1";

    public override int Vocabulary => Arithmetic.Equal + 1;

    public override int Classes => Arithmetic.Modulus;

    public override double RandomAccuracy => 1.0 / Arithmetic.Modulus;

    public override int ShortestLength => 2;

    public override int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels)
    {
        int term = Arithmetic.TermLength(tokens.Length - 1);
        Arithmetic.DrawTerm(ref random, tokens[..term]);
        tokens[term] = Arithmetic.Equal;
        labels[term] = Arithmetic.Value(tokens[..term]);
        return term + 1;
    }
}
