namespace XLstm;

/// <summary>SplitMix64: a small generator whose whole state is one number, so that a run can store and restore it.</summary>
public struct RandomSource(ulong seed)
{
    /// <summary>The state; a source made from it continues where this one stands.</summary>
    public ulong State { get; private set; } = seed;

    /// <summary>64 uniform bits.</summary>
    public ulong NextBits()
    {
        State += 0x9E3779B97F4A7C15;
        ulong z = State;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Uniform in [0, 1).</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [0, bound).</summary>
    public long NextInteger(long bound) => (long)(((UInt128)NextBits() * (ulong)bound) >> 64);

    /// <summary>Standard normal (Box and Muller).</summary>
    public double NextNormal() => Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble());

    /// <summary>A seed for the thing called <paramref name="name"/>: FNV-1a of the name, mixed with <paramref name="seed"/>.</summary>
    public static ulong SeedFor(ulong seed, string name)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in name)
            hash = (hash ^ c) * 1099511628211;
        return new RandomSource(seed ^ hash).NextBits();
    }
}
