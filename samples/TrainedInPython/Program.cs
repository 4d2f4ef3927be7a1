using System.Globalization;
using XLstm;
using XLstm.Samples.TrainedInPython;

// Without an argument the model beside the program, whose prices are those of the test part only; with one a folder of such models and their prices.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
bool all = args.Length > 0;
string folder = all ? args[0] : Path.Combine(AppContext.BaseDirectory, "stocks");
string prices = Directory.GetFiles(folder, "*.csv", SearchOption.AllDirectories).Single();

Console.WriteLine($"{"",-22}{"blocks",-17}{"RMSE",10}{"published",11}{"off by",12}{"R2",11}{"published",11}{"off by",12}");
foreach (string file in Directory.GetFiles(folder, "*.pt", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
{
    #region Load
    XLstmStackModel model = XLstmStackModel.Load(file);
    #endregion
    Study study = Study.Read(Path.ChangeExtension(file, ".metrics.json"));
    (double rmse, double r2) = Stocks.Read(prices, study.Features, testPartOnly: !all).Score(model, study.Horizon);
    string blocks = string.Join(' ', model.Stack.Blocks.Select(b => b.Kind[0]));
    Console.WriteLine(
        $"{Path.GetFileNameWithoutExtension(file),-22}{blocks,-17}{rmse,10:F6}{study.Rmse,11:F6}{Math.Abs(rmse / study.Rmse - 1),12:F8}{r2,11:F7}{study.R2,11:F7}{Math.Abs(r2 - study.R2),12:F8}");
}
