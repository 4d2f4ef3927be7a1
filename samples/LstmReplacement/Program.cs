using XLstm;
using XLstm.Samples.LstmReplacement;
using XLstm.Training;

#region Model
// In PyTorch: lstm = nn.LSTM(1, 32, num_layers=2, batch_first=True); head = nn.Linear(32, 2)
var parameters = new ParameterSet(seed: 1);
var lstm = new XLstmNetwork(parameters.Root.At("lstm"), inputSize: 1, hiddenSize: 32, layers: 2);
var head = new Linear(parameters.Root.At("head"), inputs: 32, outputs: 2);

Tensor Logits(Pass pass, Windows windows)
{
    Tensor x = pass.Rent(new Shape(windows.Count, windows.Steps, 1), windows.Values);
    (Tensor output, _) = lstm.Forward(x, state: null, pass, windows.Lengths);
    return head.Forward(Ops.Last(pass, output, windows.Lengths), pass);
}
#endregion

var random = new RandomSource(seed: 7);
Windows test = Windows.Draw(300, ref random);
Console.WriteLine($"parameters       {parameters.ElementCount}");
Console.WriteLine($"accuracy before  {Accuracy():P1}");

#region Training
using var trainer = new Trainer(parameters, new OptimizerOptions(LearningRate: 4e-3));
for (int step = 0; step < 200; step++)
{
    Windows windows = Windows.Draw(16, ref random);
    trainer.Step(pass => Ops.CrossEntropy(pass, Logits(pass, windows), windows.Labels));
}
#endregion

Console.WriteLine($"accuracy after   {Accuracy():P1}");

double Accuracy()
{
    using var pass = new Pass();
    Tensor logits = Logits(pass, test);
    int right = 0;
    for (int i = 0; i < test.Count; i++)
        right += logits.Span[2 * i + 1] > logits.Span[2 * i] == (test.Labels[i] == 1) ? 1 : 0;
    return (double)right / test.Count;
}
