using System.Diagnostics;
using XLstm.Training;

namespace XLstm.Cli.Runs;

/// <summary>A line now and then, for files and pipes: often at first, seldom in long runs.</summary>
internal sealed class PlainDisplay(TextWriter output, int width) : IRunDisplay
{
    private const double FirstSeconds = 3, MostSeconds = 60;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private double _next = FirstSeconds;

    public void Show(Action training) => training();

    public void Update(RunProgress progress)
    {
        double now = _clock.Elapsed.TotalSeconds;
        if (now < _next)
            return;
        _next = now + Math.Clamp(now / 5, FirstSeconds, MostSeconds);
        Write(ProgressText.Line(progress, width));
    }

    public void Write(string line)
    {
        output.WriteLine(line);
        output.Flush();
    }
}
