using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace XLstm.Cli.Commands;

/// <summary>Options with a range and a default that the help shows.</summary>
internal static class Options
{
    public static Option<string?> Text(string name, string value, string description) => new(name) { HelpName = value, Description = description };

    public static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    public static Option<T> Number<T>(string name, string value, string description, T normal, T least, T? most = null)
        where T : struct, INumber<T>
        => new(name) { HelpName = value, Description = description, DefaultValueFactory = _ => normal, CustomParser = text => Parse(text, name, least, most) };

    /// <summary>A number that another place decides where it is not given.</summary>
    public static Option<T?> OptionalNumber<T>(string name, string value, string description, T least, T? most = null)
        where T : struct, INumber<T>
        => new(name) { HelpName = value, Description = description, CustomParser = text => Parse(text, name, least, most) };

    /// <summary>One of the names of an enumeration, or of some of its values, in small letters; null where none is given.</summary>
    public static Option<T?> Choice<T>(string name, string description, params T[] among)
        where T : struct, Enum
    {
        T[] values = among.Length > 0 ? among : Enum.GetValues<T>();
        string names = string.Join('|', values).ToLowerInvariant();
        return new Option<T?>(name)
        {
            HelpName = names,
            Description = description,
            CustomParser = text =>
            {
                string given = text.Tokens[0].Value;
                int index = Array.FindIndex(values, v => string.Equals(v.ToString(), given, StringComparison.OrdinalIgnoreCase));
                if (index >= 0)
                    return values[index];
                text.AddError($"{name} is {given}; expected {names}.");
                return null;
            },
        };
    }

    public static Option<int> Threads(int normal) => Number(
        "--threads", "N", "Processor cores to use; 0 for all. Results do not depend on it.", normal, 0, 1024);

    public const string ModelDescription = "The model: a directory with config.json, model.safetensors and tokenizer.json.";

    public static Option<string> Model() => new("--model")
    {
        HelpName = "DIR",
        Description = ModelDescription,
        DefaultValueFactory = _ => ModelDirectory.Default,
    };

    private static T Parse<T>(ArgumentResult text, string name, T least, T? most)
        where T : struct, INumber<T>
    {
        string given = text.Tokens[0].Value;
        // Written so that NaN fails, too.
        if (T.TryParse(given, NumberStyles.Float, CultureInfo.InvariantCulture, out T value) && value >= least && (most is null || value <= most))
            return value;
        text.AddError($"{name} is {given}; expected a {(T.One / (T.One + T.One) == T.Zero ? "whole number" : "number")}, {Range(least, most)}.");
        return least;
    }

    private static string Range<T>(T least, T? most)
        where T : struct, INumber<T>
        => !T.IsInteger(least) ? "above 0" + (most is null ? "" : $", {Show(most.Value)} at most")
        : most is null ? $"{Show(least)} or more"
        : $"{Show(least)} to {Show(most.Value)}";

    private static string Show<T>(T value) where T : INumber<T> => value.ToString(null, CultureInfo.InvariantCulture);
}
