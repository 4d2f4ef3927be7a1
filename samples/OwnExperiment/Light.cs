using XLstm.Experiments;

namespace XLstm.Samples.OwnExperiment;

#region Language
/// <summary>Buttons for on (0), off (1) and the other way (2): whether the light is on after each press.</summary>
internal sealed class Light : FormalLanguage
{
    public override string Version => "light 1";

    public override int Vocabulary => 3;

    public override int Classes => 2;

    public override double RandomAccuracy => 0.5;

    public override int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels)
    {
        int on = 0;
        for (int t = 0; t < tokens.Length; t++)
        {
            // The other way nineteen times in twenty: whoever looks at the last few presses only does not know.
            tokens[t] = random.NextInteger(20) > 0 ? 2 : (int)random.NextInteger(2);
            on = tokens[t] == 2 ? 1 - on : 1 - tokens[t];
            labels[t] = on;
        }
        return tokens.Length;
    }
}
#endregion
