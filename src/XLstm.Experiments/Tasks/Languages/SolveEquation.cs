namespace XLstm.Experiments;

/// <summary>
/// The unknown of an equation modulo 5, "( 2 * ( x - 1 ) ) = 3", asked at its last token; it has one solution only. Deterministic
/// context-free. Guessing gets 1/5. Source: arXiv 2405.04517, appendix on formal languages; how terms are drawn is our reading.
/// </summary>
internal sealed class SolveEquation : FormalLanguage
{
    private const int Unknown = Arithmetic.Equal + 1;

    public override string Version => "solve equation 1";

    public override int Vocabulary => Unknown + 1;

    public override int Classes => Arithmetic.Modulus;

    public override double RandomAccuracy => 1.0 / Arithmetic.Modulus;

    public override int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels)
    {
        int length = Arithmetic.TermLength(tokens.Length - 2);
        Span<int> term = tokens[..length];
        do
        {
            Arithmetic.DrawTerm(ref random, term);
            int place;
            do
                place = (int)random.NextInteger(length);
            while (term[place] >= Arithmetic.Modulus);
            labels[length + 1] = term[place];
            tokens[length + 1] = Arithmetic.Value(term);
            term[place] = Unknown;
        }
        while (!OneSolution(term));
        tokens[length] = Arithmetic.Equal;
        return length + 2;
    }

    // Modulo a prime, x enters linearly: two values that differ mean that all do.
    private static bool OneSolution(ReadOnlySpan<int> term) => Arithmetic.Value(term, 0) != Arithmetic.Value(term, 1);
}
