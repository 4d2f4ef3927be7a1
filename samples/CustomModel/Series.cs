namespace XLstm.Samples.CustomModel;

/// <summary>Series with a season of 12 steps and two kinds of weather: calm with little noise, rough with much.</summary>
internal sealed record Series(int Count, float[] Inputs, float[] Targets, bool[] IsRough)
{
    public const double Calm = 0.05, Rough = 0.5;

    private const int Steps = 64;

    public static Series Draw(int count, ref RandomSource random)
    {
        float[] inputs = new float[count * Steps], targets = new float[count * Steps];
        bool[] roughs = new bool[count * Steps];
        for (int i = 0; i < count; i++)
        {
            double phase = 12 * random.NextDouble();
            bool rough = random.NextInteger(2) == 1;
            float previous = 0;
            for (int t = 0; t < Steps; t++)
            {
                rough ^= random.NextInteger(48) == 0;
                int at = i * Steps + t;
                inputs[at] = previous;
                targets[at] = previous = (float)(Math.Sin((t + phase) * Math.PI / 6) + (rough ? Rough : Calm) * random.NextNormal());
                roughs[at] = rough;
            }
        }
        return new Series(count, inputs, targets, roughs);
    }
}
