using XLstm.Training;

namespace XLstm.Cli.Runs;

/// <summary>Shows a run while it goes on.</summary>
internal interface IRunDisplay
{
    /// <summary>Runs <paramref name="training"/> and shows what it tells.</summary>
    void Show(Action training);

    /// <summary>After every step.</summary>
    void Update(RunProgress progress);

    /// <summary>A line that stays.</summary>
    void Write(string line);
}
