using ScottPlot;
using SkiaSharp;

namespace XLstm.Cli.Plotting;

/// <summary>The font of all labels, which travels with the program: a bare machine has none, and labels would be invisible.</summary>
internal sealed class LabelFont : IFontResolver
{
    public const string Name = "XLstm Labels";

    private static readonly Lock Gate = new();
    private static bool s_registered;

    public static void Register()
    {
        lock (Gate)
        {
            if (!s_registered)
                Fonts.FontResolvers.Insert(0, new LabelFont());
            s_registered = true;
        }
    }

    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => Create(fontName);

    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) => Create(fontName);

    private static SKTypeface? Create(string fontName)
    {
        if (!string.Equals(fontName, Name, StringComparison.Ordinal))
            return null;
        using Stream stream = typeof(LabelFont).Assembly.GetManifestResourceStream("labels.ttf")!;
        return SKTypeface.FromStream(stream);
    }
}
