namespace XLstm.Experiments;

/// <summary>
/// Terms modulo 5 in brackets: a digit, a term after "-", or "(" term operator term ")". There are terms of 1, 2, 5 and more tokens.
/// </summary>
internal static class Arithmetic
{
    public const int Modulus = 5, Plus = 5, Minus = 6, Times = 7, Open = 8, Close = 9, Equal = 10;

    private const int ShortestBrackets = 5;

    /// <summary>The most tokens up to <paramref name="length"/> that a term can have.</summary>
    public static int TermLength(int length) => length is 3 or 4 ? 2 : length;

    /// <summary>Writes a term of exactly as many tokens as there are places; see <see cref="TermLength"/>.</summary>
    public static void DrawTerm(ref RandomSource random, Span<int> term)
    {
        int n = term.Length;
        if (n == 1)
        {
            term[0] = (int)random.NextInteger(Modulus);
            return;
        }
        // Two terms share what brackets and operator leave: 1 or 2 tokens, or 5 and more, each.
        int inner = n - 3, left = n < ShortestBrackets ? 0 : DrawLeft(ref random, inner);
        if (left == 0 || random.NextInteger(8) == 0)
            left = TermLength(n - 1) == n - 1 ? 0 : left;
        if (left == 0)
        {
            term[0] = Minus;
            DrawTerm(ref random, term[1..]);
            return;
        }
        (term[0], term[left + 1], term[^1]) = (Open, Plus + (int)random.NextInteger(3), Close);
        DrawTerm(ref random, term.Slice(1, left));
        DrawTerm(ref random, term[(left + 2)..^1]);
    }

    /// <summary>The value of a whole term.</summary>
    /// <param name="term">Its tokens; <paramref name="unknown"/> stands for any of another kind.</param>
    /// <param name="unknown">0 to 4.</param>
    public static int Value(ReadOnlySpan<int> term, int unknown = 0)
    {
        int at = 0;
        return Value(term, ref at, unknown);
    }

    public static int Residue(int value) => ((value % Modulus) + Modulus) % Modulus;

    private static int DrawLeft(ref RandomSource random, int inner)
    {
        int fits = 0, left = 0;
        for (int a = 1; a < inner; a++)
            // One of those that fit, each as likely as the others.
            if (TermLength(a) == a && TermLength(inner - a) == inner - a && random.NextInteger(++fits) == 0)
                left = a;
        return left;
    }

    private static int Value(ReadOnlySpan<int> term, ref int at, int unknown)
    {
        int token = term[at++];
        if (token == Minus)
            return Residue(-Value(term, ref at, unknown));
        if (token != Open)
            return token < Modulus ? token : unknown;
        int a = Value(term, ref at, unknown), operation = term[at++], b = Value(term, ref at, unknown);
        at++;
        return Residue(operation switch { Plus => a + b, Minus => a - b, _ => a * b });
    }
}
