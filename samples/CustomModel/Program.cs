using XLstm;
using XLstm.Samples.CustomModel;
using XLstm.Training;

var parameters = new ParameterSet(seed: 1);
var forecaster = new Forecaster(parameters.Root, width: 32);
var random = new RandomSource(seed: 3);
Series test = Series.Draw(64, ref random);

Console.WriteLine($"parameters {parameters.ElementCount}; the true deviations are {Series.Calm:F2} when calm and {Series.Rough:F2} when rough");
Report("before");

using var trainer = new Trainer(
    parameters, new OptimizerOptions(LearningRate: 5e-3), new LearningRateSchedule(ScheduleKind.Cosine, WarmupSteps: 10));
const int steps = 150;
for (int step = 0; step < steps; step++)
{
    Series series = Series.Draw(16, ref random);
    trainer.Step(pass => Forecaster.Loss(pass, forecaster.Forward(pass, series.Inputs, series.Count), series.Targets), steps);
}
Report("after");

void Report(string when)
{
    using var pass = new Pass();
    Tensor forecast = forecaster.Forward(pass, test.Inputs, test.Count);
    float loss = Forecaster.Loss(pass, forecast, test.Targets).Item;
    var calm = new List<double>();
    var rough = new List<double>();
    int covered = 0;
    for (int i = 0; i < test.Targets.Length; i++)
    {
        double mean = forecast.Span[2 * i], deviation = Math.Exp(forecast.Span[2 * i + 1]);
        covered += Math.Abs(test.Targets[i] - mean) < 1.645 * deviation ? 1 : 0;
        (test.IsRough[i] ? rough : calm).Add(deviation);
    }
    Console.WriteLine($"{when,-6}  loss {loss,5:F2}  90 % interval holds {(double)covered / test.Targets.Length:P0}  median deviation: calm {Median(calm):F2}, rough {Median(rough):F2}");
}

static double Median(List<double> values)
{
    values.Sort();
    return values[values.Count / 2];
}
