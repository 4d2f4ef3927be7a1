using System.Text;
using CsCheck;

namespace XLstm.Forecasting.Tests;

public sealed class EvaluationSetTests
{
    private const string Train = "\"V1\",\"V2\",\"V3\",\"V4\"\n\"H1\",\"1\",\"2\",\"3\"\nH2,4,5.5,\n\n";
    private const string Test = "\"V1\",\"V2\",\"V3\"\n\"H2\",\"7\",\"8\"\n\"H1\",\"9\",\"10\"\n";

    private static EvaluationSet ReadM4(string train, string test) =>
        M4Files.Read("m4", new StringReader(train), "train.csv", new StringReader(test), "test.csv", 24);

    [Fact]
    public void Split_holds_back_the_last_values()
    {
        var set = EvaluationSet.Split("s", [("a", [1, 2, 3, 4, 5]), ("b", [6, 7, 8])], 2, 4);
        Assert.Equal(("s", 2, 4, 2), (set.Name, set.Horizon, set.Season, set.Series.Count));
        Assert.Equal([1, 2, 3], set.Series[0].History);
        Assert.Equal([4, 5], set.Series[0].Future);
        Assert.Equal([6], set.Series[1].History);
    }

    [Fact]
    public void Windows_roll_forward()
    {
        var set = EvaluationSet.Split("s", [("a", [1, 2, 3, 4, 5])], 2, 1, windows: 2);
        Assert.Equal([[1], [1, 2, 3]], set.Series.Select(s => s.History));
        Assert.Equal([[2, 3], [4, 5]], set.Series.Select(s => s.Future));
    }

    [Fact]
    public void A_series_without_history_is_refused()
    {
        Assert.Throws<ArgumentException>(() => EvaluationSet.Split("s", [("a", [1, 2])], 2, 1));
        Assert.Throws<ArgumentException>(() => EvaluationSet.Split("s", [("a", [1, 2])], int.MaxValue, 1, int.MaxValue));
        Assert.Throws<ArgumentException>(() => EvaluationSet.Split("s", [], 2, 1));
        Assert.Throws<ArgumentException>(() => new EvaluationSet("s", [new("a", [1], [2]), new("b", [1], [2, 3])], 1));
    }

    [Fact]
    public void M4_pairs_match_by_name_and_may_be_quoted()
    {
        EvaluationSet set = ReadM4(Train, Test);
        Assert.Equal(["H1", "H2"], set.Series.Select(s => s.Name));
        Assert.Equal([1, 2, 3], set.Series[0].History);
        Assert.Equal([9, 10], set.Series[0].Future);
        Assert.Equal([4, 5.5], set.Series[1].History);
        Assert.Equal(2, set.Horizon);
    }

    [Theory]
    [InlineData(Train, "", "train.csv, line 2: 'H1' is not in test.csv")]
    [InlineData("", Test, "train.csv, line 1: there are no series")]
    [InlineData("V\nH1,1", Test, "test.csv, line 2: 'H2' is not in train.csv")]
    [InlineData("V\nH1,1\nH1,2", Test, "train.csv, line 3: 'H1' is not in test.csv, or here a second time")]
    [InlineData("V\nH1,,", Test, "train.csv, line 2: there are no values")]
    [InlineData("V\nH1,1,,2", Test, "train.csv, line 2: '' is not a number")]
    [InlineData(Train, "V\nH1,1\nH2,1,2", "test.csv, line 3: there are 2 values, expected 1")]
    [InlineData(Train, "V\nH1,1\nH1,2", "test.csv, line 3: 'H1' is here a second time")]
    public void M4_damage_is_named_with_its_line(string train, string test, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => ReadM4(train, test)).Message, StringComparison.Ordinal);

    [Fact]
    public void Any_M4_text_is_read_or_refused() =>
        Gen.Select(Gen.Int[0, Train.Length - 1], Gen.String[Gen.Char["\",H12.\n eE?\0"], 0, 9], Gen.Int[0, 20], Gen.Bool)
            .Sample((at, insert, remove, train) =>
            {
                string text = train ? Train : Test;
                at = Math.Min(at, text.Length);
                text = new StringBuilder(text).Remove(at, Math.Min(remove, text.Length - at)).Insert(at, insert).ToString();
                try
                {
                    Assert.NotEmpty((train ? ReadM4(text, Test) : ReadM4(Train, text)).Series);
                }
                catch (InvalidDataException error)
                {
                    Assert.Contains(".csv, line ", error.Message, StringComparison.Ordinal);
                }
            });

    [Fact]
    public void Benchmarks_are_found_below_a_folder()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "monash"));
            File.WriteAllText(Path.Combine(folder, "monash", "tourism_yearly_dataset.tsf"), "@data\n1,2,3,4,5,6\n");
            ForecastBenchmark benchmark = ForecastBenchmark.All.Single(b => b.Name == "tourism_yearly");
            Assert.Equal([1, 2], benchmark.Load(folder).Series[0].History);
            Assert.Throws<FileNotFoundException>(() => ForecastBenchmark.All[0].Load(folder));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }
}
