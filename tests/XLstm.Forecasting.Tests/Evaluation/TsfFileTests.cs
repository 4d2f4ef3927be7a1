using System.Text;
using CsCheck;

namespace XLstm.Forecasting.Tests;

public sealed class TsfFileTests
{
    private const string Sample = """
        # A comment
        @relation M1
        @attribute series_name string
        @attribute start_timestamp date
        @frequency monthly
        @horizon 18
        @missing true
        @equallength false

        @data
        A:1975-12-01 00-00-00:1,-2.5,1e3
        B:1975-12-01 00-00-00:?,4
        """;

    private static TsfFile Read(string text) => TsfFile.Read(new StringReader(text), "x.tsf");

    [Fact]
    public void Reads_a_file()
    {
        TsfFile file = Read(Sample);
        Assert.Equal(("monthly", 18), (file.Frequency, file.Horizon!.Value));
        Assert.Equal(["A", "B"], file.Series.Select(s => s.Name));
        Assert.Equal([1, -2.5, 1000], file.Series[0].Values);
        Assert.Equal([double.NaN, 4], file.Series[1].Values);
    }

    [Fact]
    public void Horizon_frequency_and_names_may_be_missing()
    {
        TsfFile file = Read("@data\n1,2");
        Assert.Null(file.Frequency);
        Assert.Null(file.Horizon);
        Assert.Equal("T1", Assert.Single(file.Series).Name);
    }

    [Theory]
    [InlineData("", "line 0: the file ends without '@data'")]
    [InlineData("@relation a", "line 1: the file ends without '@data'")]
    [InlineData("hello", "line 1: 'hello' is no line of a header")]
    [InlineData("@attribute name", "line 1: '@attribute name' is not '@attribute NAME TYPE'")]
    [InlineData("\n@horizon 0", "line 2: the horizon is '0', expected a whole number")]
    [InlineData("@horizon 99999999999999", "the horizon is '99999999999999'")]
    [InlineData("@frequency", "'@frequency' is not '@frequency VALUE'")]
    [InlineData("@attribute series_name string\n@data\n1,2", "line 3: the line ends before its values")]
    [InlineData("@data\n1,x", "line 2: 'x' is not a number")]
    [InlineData("@data\n1,", "line 2: '' is not a number")]
    [InlineData("@data\n1e999", "line 2: '1e999' is not a number")]
    [InlineData("@data\n1\nA:2", "line 3: 'A:2' is not a number")]
    public void Damage_is_named_with_its_line(string text, string message)
    {
        var error = Assert.Throws<InvalidDataException>(() => Read(text));
        Assert.StartsWith("x.tsf, line ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_text_is_read_or_refused() =>
        Gen.Select(Gen.Int[0, Sample.Length - 1], Gen.OneOf(Gen.String[Gen.Char["@:,?-.\n eE019x#\0"], 0, 12], Gen.String[0, 12]), Gen.Int[0, 30])
            .Sample((at, insert, remove) =>
            {
                var text = new StringBuilder(Sample).Remove(at, Math.Min(remove, Sample.Length - at)).Insert(at, insert).ToString();
                try
                {
                    foreach ((_, double[] values) in Read(text).Series)
                        Assert.DoesNotContain(values, double.IsInfinity);
                }
                catch (InvalidDataException error)
                {
                    Assert.True(error.Message.Length < 250, error.Message);
                }
            });
}
