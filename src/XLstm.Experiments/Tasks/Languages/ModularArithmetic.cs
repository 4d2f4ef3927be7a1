namespace XLstm.Experiments;

/// <summary>
/// The value modulo 5 of digits joined by +, - and *, multiplication first: "3 + 2 * 4 =", asked at "=". Regular: the value of the sum and
/// of the product under way suffice. Guessing gets 1/5 (0 is a little likelier, by multiplication). Source: arXiv 2405.04517, appendix on
/// formal languages; five digits after arXiv 2207.02098.
/// </summary>
internal sealed class ModularArithmetic : FormalLanguage
{
    public override string Version => "modular arithmetic 1";

    public override int Vocabulary => Arithmetic.Equal + 1;

    public override int Classes => Arithmetic.Modulus;

    public override double RandomAccuracy => 1.0 / Arithmetic.Modulus;

    public override int ShortestLength => 2;

    public override int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels)
    {
        int used = tokens.Length / 2 * 2, sum = 0, product = 1, sign = 1;
        for (int i = 0; i < used; i += 2)
        {
            tokens[i] = (int)random.NextInteger(Arithmetic.Modulus);
            product = product * tokens[i] % Arithmetic.Modulus;
            tokens[i + 1] = i + 2 == used ? Arithmetic.Equal : Arithmetic.Plus + (int)random.NextInteger(3);
            if (tokens[i + 1] == Arithmetic.Times)
                continue;
            sum += sign * product;
            (product, sign) = (1, tokens[i + 1] == Arithmetic.Minus ? -1 : 1);
        }
        labels[used - 1] = Arithmetic.Residue(sum);
        return used;
    }
}
