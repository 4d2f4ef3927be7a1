using Spectre.Console;
using Spectre.Console.Rendering;
using XLstm.Training;

namespace XLstm.Cli.Runs;

/// <summary>A bar and a line that follow the run, for a terminal.</summary>
internal sealed class LiveDisplay(TextWriter output) : IRunDisplay
{
    private readonly IAnsiConsole _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
    private ProgressTask? _task;
    private RunProgress? _progress;

    public void Show(Action training) => _console.Progress()
        .AutoClear(true)
        .Columns(new Bar(), new Line(this))
        .Start(context =>
        {
            _task = context.AddTask("training");
            training();
        });

    public void Update(RunProgress progress)
    {
        _progress = progress;
        double elapsed = progress.Elapsed.TotalSeconds, all = elapsed + progress.Remaining.TotalSeconds;
        _task!.Value = all > 0 ? 100 * elapsed / all : 0;
    }

    public void Write(string line) => _console.Write(new Text(line + "\n"));

    private static int BarWidth(RenderOptions options) => Math.Clamp(options.ConsoleSize.Width / 5, 5, 24);

    private sealed class Bar : ProgressColumn
    {
        private readonly ProgressBarColumn _bar = new();

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
        {
            _bar.Width = BarWidth(options);
            return _bar.Render(options, task, deltaTime);
        }

        public override int? GetColumnWidth(RenderOptions options) => BarWidth(options);
    }

    private sealed class Line(LiveDisplay display) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text(display._progress is { } progress
            ? ProgressText.Line(progress, options.ConsoleSize.Width - BarWidth(options) - 3)
            : "starting");
    }
}
