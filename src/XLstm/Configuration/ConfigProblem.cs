namespace XLstm;

/// <summary>One value of a configuration that cannot be built: the key as it stands in a file, what it is and what it must be.</summary>
internal readonly record struct ConfigProblem(string Key, string Found, string Expected)
{
    internal static IEnumerable<ConfigProblem> AtLeast(string key, int value, int minimum)
    {
        if (value < minimum)
            yield return new(key, $"{value}", $"at least {minimum}");
    }

    internal static IEnumerable<ConfigProblem> OneOf(string key, string value, params string[] allowed)
    {
        if (!allowed.Contains(value, StringComparer.Ordinal))
            yield return new(key, $"\"{value}\"", string.Join(" or ", allowed.Select(a => $"\"{a}\"")));
    }

    internal static IEnumerable<ConfigProblem> Rate(string key, float value)
    {
        if (!(value is >= 0 and < 1))
            yield return new(key, $"{value}", "a rate from 0 to below 1");
    }

    /// <summary>A matrix of more than 2^31 - 1 elements does not fit one array.</summary>
    internal static IEnumerable<ConfigProblem> Matrix(string key, string name, long rows, long columns)
    {
        if ((double)rows * columns > int.MaxValue)
            yield return new(key, $"a {name} of {rows} x {columns}", $"at most {int.MaxValue} elements in one matrix");
    }
}
