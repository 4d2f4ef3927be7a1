namespace XLstm.Experiments;

/// <summary>
/// Which permutation of three things the permutations of a sequence, applied one after the other, make together: asked at every step, as
/// in the word problems of arXiv 2404.08819; only the last counts in evaluation. The group S3, the smallest in which order matters. Regular.
/// Guessing gets 1/6. Source: arXiv 2606.12364 on S3, which is known to us by its figures only: that all six elements are tokens, drawn
/// alike, is our reading.
/// </summary>
internal sealed class PermutationGroup : FormalLanguage
{
    // Where the things at places 0, 1 and 2 go.
    private static readonly int[][] s_elements = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    private static readonly int[,] s_products = Products();

    public override string Version => "s3 2";

    public override int Vocabulary => 6;

    public override int Classes => 6;

    public override double RandomAccuracy => 1.0 / 6;

    public override bool LastCounts => true;

    public override int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels)
    {
        int product = 0;
        for (int t = 0; t < tokens.Length; t++)
        {
            tokens[t] = (int)random.NextInteger(6);
            labels[t] = product = s_products[product, tokens[t]];
        }
        return tokens.Length;
    }

    /// <summary>Where element <paramref name="element"/> takes what is at <paramref name="place"/>.</summary>
    public static int Image(int element, int place) => s_elements[element][place];

    private static int[,] Products()
    {
        var products = new int[6, 6];
        for (int first = 0; first < 6; first++)
            for (int then = 0; then < 6; then++)
                products[first, then] = Array.FindIndex(
                    s_elements, e => Enumerable.Range(0, 3).All(place => e[place] == Image(then, Image(first, place))));
        return products;
    }
}
