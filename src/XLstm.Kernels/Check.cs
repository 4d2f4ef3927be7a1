using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>Argument checks of the public kernels: a message names the span, its length and what was expected.</summary>
internal static class Check
{
    public static void Length<T>(ReadOnlySpan<T> span, int expected, [CallerArgumentExpression(nameof(span))] string? name = null)
    {
        if (span.Length < expected)
            Throw(name, span.Length, expected);
    }

    public static void Length<T>(Span<T> span, int expected, [CallerArgumentExpression(nameof(span))] string? name = null) =>
        Length((ReadOnlySpan<T>)span, expected, name);

    public static void LengthOrEmpty<T>(ReadOnlySpan<T> span, int expected, [CallerArgumentExpression(nameof(span))] string? name = null)
    {
        if (!span.IsEmpty)
            Length(span, expected, name);
    }

    public static void LengthOrEmpty<T>(Span<T> span, int expected, [CallerArgumentExpression(nameof(span))] string? name = null) =>
        LengthOrEmpty((ReadOnlySpan<T>)span, expected, name);

    public static void Range(int index, int count, [CallerArgumentExpression(nameof(index))] string? name = null)
    {
        if ((uint)index >= (uint)count)
            throw new ArgumentOutOfRangeException(name, index, $"{name} is {index}, expected 0 to {count - 1}.");
    }

    [DoesNotReturn]
    private static void Throw(string? name, int length, int expected) =>
        throw new ArgumentException($"{name} has {length} elements, expected at least {expected}.", name);
}
