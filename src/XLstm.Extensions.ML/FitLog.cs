using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using XLstm.Training;

namespace XLstm.Extensions.ML;

/// <summary>Tells <see cref="MLContext.Log"/> how the training goes, and stops it where the context was cancelled, as AutoML does.</summary>
internal sealed class FitLog(IHostEnvironment environment, string name) : IDisposable
{
    private readonly IChannel _channel = environment.Start(name);
    private double? _validation;

    public void Stepped(RunProgress progress)
    {
        MLInternals.CheckAlive(environment);
        if (progress.ValidationLoss == _validation)
            return;
        _validation = progress.ValidationLoss;
        _channel.Info(MessageSensitivity.None, string.Create(
            CultureInfo.InvariantCulture, $"step {progress.Step} of {progress.TotalSteps}: loss {progress.MeanLoss:G4}, on what is held out {progress.ValidationLoss:G4}, best {progress.BestValidationLoss:G4}"));
    }

    public void Dispose() => _channel.Dispose();
}
