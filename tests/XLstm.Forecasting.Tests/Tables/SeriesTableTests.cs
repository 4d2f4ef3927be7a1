using System.IO.Compression;
using System.Text;

namespace XLstm.Forecasting.Tests.Tables;

public sealed class SeriesTableTests
{
    private static readonly double N = double.NaN;

    [Theory]
    [InlineData("month,sales\n2024-01,1.5\n2024-02,2.5\n2024-03,1200\n", 1.5, 2.5, 1200.0)]
    [InlineData("\uFEFFMonat;Umsatz\r\n01.01.2024;1,5\r\n01.02.2024;2,5\r\n01.03.2024;1.200,0\r\n", 1.5, 2.5, 1200.0)]
    [InlineData("2024-01\t1.5\n2024-02\t2.5\n2024-03\t1200", 1.5, 2.5, 1200.0)]
    [InlineData("month,sales\n\"2024-01\",\"1.5\"\n\"2024-02\",\"2.5\"\n\n\"2024-03\",\"1,200.00\"\n,\n", 1.5, 2.5, 1200.0)]
    [InlineData("sep=;\nmonth;sales\n2024-01;1.5\n2024-02;2.5\n2024-03;1200", 1.5, 2.5, 1200.0)]
    [InlineData("month | sales\n2024-01 | $1.50\n2024-02 | $2.50\n2024-03 | $1,200", 1.5, 2.5, 1200.0)]
    [InlineData("month;sales\n2024-01;1,5 €\n2024-02;2,5 €\n2024-03;1 200 €", 1.5, 2.5, 1200.0)]
    [InlineData("sales\n1,5\n2,5\n1200,0", 1.5, 2.5, 1200.0)]
    [InlineData("1.5\n2.5\n1200", 1.5, 2.5, 1200.0)]
    [InlineData("month,sales\n2024-03,1.2e3\n2024-02,2.5\n2024-01,1.5\n", 1.5, 2.5, 1200.0)]
    [InlineData("rownames,time,value\n1,2024,1.5\n2,2024.08333333333,2.5\n3,2024.16666666667,1200\n", 1.5, 2.5, 1200.0)]
    [InlineData("0,1\n1.5,7\n2.5,8\n1200,9", 1.5, 2.5, 1200.0)]
    public void Values_come_out_of_files_of_all_kinds(string text, params double[] values) => Assert.Equal(values, Read(text).Series[0].Values);

    [Theory]
    [InlineData("")]
    [InlineData("NA")]
    [InlineData("n/a")]
    [InlineData("NaN")]
    [InlineData("null")]
    [InlineData("-")]
    [InlineData("?")]
    public void Gaps_are_missing_values(string gap)
    {
        Assert.Equal([1, N, 3], Read($"day,a\n2024-01-01,1\n2024-01-02,{gap}\n2024-01-03,3").Series[0].Values);
        Assert.Equal([1, N, 3], Read($"a,b\n1,2\n{gap},2\n3,2").Series[0].Values);
    }

    [Theory]
    [InlineData("1,234", ',', 1234.0)]
    [InlineData("1,234", ';', 1.234)]
    [InlineData("1.234", ',', 1.234)]
    [InlineData("1.234.567", ';', 1234567.0)]
    [InlineData("12,34", ';', 12.34)]
    [InlineData("1'234.5", ',', 1234.5)]
    [InlineData("-3", ',', -3.0)]
    [InlineData("\u22123.5", ',', -3.5)]
    [InlineData("+.5", ',', 0.5)]
    [InlineData("7 %", ',', 7.0)]
    public void Numbers_are_read_as_they_are_meant(string cell, char separator, double value) =>
        Assert.Equal(value, Read($"x{separator}y\n\"{cell}\"{separator}a\n\"{cell}\"{separator}a\n").Series[0].Values[1]);

    [Theory]
    [InlineData("2023,2024,2025", "year", null, "2026", "2027")]
    [InlineData("2024Q1,2024Q2,2024Q3", "quarter", 4, "2024Q4", "2025Q1")]
    [InlineData("Q1 2024,Q2 2024,Q4 2024", "quarter", 4, "2025Q1", "2025Q2")]
    [InlineData("2024-10,2024-11,2024-12", "month", 12, "2025-01", "2025-02")]
    [InlineData("Oct 2024,Nov 2024,Dec 2024", "month", 12, "2025-01", "2025-02")]
    [InlineData("2023-11-30,2023-12-31,2024-01-31", "month", 12, "2024-02-29", "2024-03-31")]
    [InlineData("2023-11-30,2023-12-30,2024-01-30", "month", 12, "2024-02-29", "2024-03-30")]
    [InlineData("2024-01-31,2024-02-29,2024-03-28,2024-04-30,2024-05-31,2024-06-28", "month", 12, "2024-07-31", "2024-08-31")]
    [InlineData("2024-W51,2024-W52,2025-W01", "week", 52, "2025-W02", "2025-W03")]
    [InlineData("2024-02-27,2024-02-28,2024-02-29", "day", 7, "2024-03-01", "2024-03-02")]
    [InlineData("2024-02-26,2024-02-27,2024-02-28,2024-02-29,2024-03-01,2024-03-04", "business day", 5, "2024-03-05", "2024-03-06")]
    [InlineData("2024-02-23,2024-02-26,2024-02-27,2024-02-28,2024-02-29,2024-03-01", "business day", 5, "2024-03-04", "2024-03-05")]
    [InlineData("2024-01-01 21:00:00,2024-01-01 22:00:00,2024-01-01 23:00:00", "hour", 24, "2024-01-02T00:00", "2024-01-02T01:00")]
    [InlineData("2024-01-01T00:00:00+01:00,2024-01-01T00:15:00+01:00,2024-01-01T00:45:00+01:00", "15 minutes", 96, "2024-01-01T00:00Z", "2024-01-01T00:15Z")]
    [InlineData("1/2/2024 1:00 PM,1/2/2024 1:30 PM,1/13/2024 2:00 PM", "step", null, "+1", "+2")]
    [InlineData("1700000000,1700000010,1700000020", "10 seconds", null, "1700000030", "1700000040")]
    [InlineData("20240101,20240102,20240103", "day", 7, "2024-01-04", "2024-01-05")]
    [InlineData("31.12.2023,01.01.2024,02.01.2024", "day", 7, "2024-01-03", "2024-01-04")]
    [InlineData("12/31/2023,01/01/2024,01/02/2024", "day", 7, "2024-01-03", "2024-01-04")]
    [InlineData("01/10/2023,01/11/2023,01/12/2023,01/01/2024", "month", 12, "2024-02-01", "2024-03-01")]
    [InlineData("2020-01-01,2020-01-02,2024-07-03", "step", null, "+1", "+2")]
    [InlineData("2020-01-06,2020-01-13,2020-01-20,2020-01-28,2020-02-03,2020-02-10", "week", 52, "2020-02-17", "2020-02-24")]
    [InlineData("3,4,5", "step", null, "6", "7")]
    [InlineData("1949,1949.25,1949.5", "quarter", 4, "1949-10", "1950-01")]
    [InlineData("11.2023,12.2023,01.2024", "month", 12, "2024-02", "2024-03")]
    [InlineData("2024-01-15,2024-02-14,2024-03-15,2024-04-14,2024-06-13", "30 days", null, "2024-07-13", "2024-08-12")]
    [InlineData("2024-01-31,2024-03-02,2024-04-02,2024-05-03,2024-06-03", "31 days", null, "2024-07-04", "2024-08-04")]
    public void Times_have_a_frequency_that_goes_on(string times, string frequency, int? season, string next, string afterNext)
    {
        SeriesTable table = Read("date;y\n" + string.Concat(times.Split(',').Select((t, i) => $"{t};{i + 1}\n")));
        Assert.Equal("date", table.TimeName);
        Assert.Equal(frequency, table.Frequency.ToString());
        Assert.Equal(season, table.Frequency.Season);
        Assert.Equal([next, afterNext], table.Series[0].NextTimes(2));
        Assert.Equal(1, table.Series[0].Values[0]);
    }

    [Fact]
    public void Steps_that_are_not_in_the_file_are_missing_and_times_are_those_of_the_steps()
    {
        SeriesTable table = Read("month,a,b\n2024-01,1,5\n2024-04,4,8\n2024-02,2,\n");
        Assert.Equal([1, 2, N, 4], table.Series[0].Values);
        Assert.Equal([5, N, N, 8], table.Series[1].Values);
        Assert.Equal(["2024-01", "2024-02", "2024-03", "2024-04"], table.Series[1].Times);
        Assert.Contains(table.Notes, n => n.Text.Contains("1 row not in order", StringComparison.Ordinal));
        Assert.Contains(table.Notes, n => n.Text.Contains("1 step that is not in the file", StringComparison.Ordinal));
    }

    /// <summary>Meters and loggers write the clock in a column of its own, or the hour alone.</summary>
    [Theory]
    [InlineData("date,time,v\n2024-01-01,22:00,1\n2024-01-01,23:00,2\n2024-01-02,00:00,3\n")]
    [InlineData("date,hour,v\n2024-01-01,22,1\n2024-01-01,23,2\n2024-01-02,0,3\n")]
    [InlineData("date,hour,v\n2024-01-01,22,1\n2024-01-01,23,2\n2024-01-01,24,3\n")]
    [InlineData("Datum;Uhrzeit;v\n01.01.2024;10:00 PM;1\n01.01.2024;11:00 PM;2\n02.01.2024;12:00 AM;3\n")]
    public void Dates_and_clocks_may_stand_apart(string text)
    {
        SeriesTable table = Read(text);
        Assert.Equal([1, 2, 3], Assert.Single(table.Series).Values);
        Assert.Equal("hour", table.Frequency.ToString());
        Assert.Equal(["2024-01-02T01:00"], table.Series[0].NextTimes(1));
    }

    [Fact]
    public void A_clock_that_is_none_is_told_with_its_line()
    {
        string text = "date,time,v\n" + string.Concat(Enumerable.Range(0, 20).Select(h => $"2024-01-01,{(h == 7 ? "25:99" : $"{h}:00")},{h}\n"));
        Assert.Contains("line 9, column \"time\": \"25:99\" is no time of day", Assert.Throws<InvalidDataException>(() => Read(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_column_may_be_a_clock_of_seconds_whatever_it_is_called()
    {
        SeriesTable table = Read("when,v\n1704067200000,5\n1704070800000,6\n1704074400000,7\n");
        Assert.Equal("hour", table.Frequency.ToString());
        Assert.Equal(["v"], table.Series.Select(s => s.Name));
        Assert.Equal(2, Read("sold,v\n1704067200,5\n1704070800,6\n1704070801,7\n").Series.Count);
    }

    /// <summary>12.000 between semicolons is twelve thousand; 0.125 is no group of thousands anywhere.</summary>
    [Theory]
    [InlineData("d;v\n01.01.2024;12.000\n02.01.2024;13.500\n", 12_000, "not 12")]
    [InlineData("d;v\n01.01.2024;340\n02.01.2024;1.137\n", 340, "1137, not 1.137")]
    [InlineData("d,v\n2024-01-01,12.000\n2024-01-02,13.500\n", 12, "not 12000")]
    [InlineData("d;v\n2024-01-01;0.125\n2024-01-02;1.137\n", 0.125, null)]
    public void Groups_of_three_are_thousands_where_columns_say_so(string text, double first, string? told)
    {
        SeriesTable table = Read(text);
        Assert.Equal(first, table.Series[0].Values[0]);
        Assert.Equal(told is not null, table.Notes.Any(n => n.Text.Contains("is taken for the number", StringComparison.Ordinal) && n.Text.Contains(told ?? "", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("shop,date,v\n1,2024-01-01,5\n1,2024-01-02,6\n2,2024-01-01,7\n2,2024-01-02,8\n", "such as \"shop\" (--id)")]
    [InlineData("t,v\n2024-10-27T01:00,5\n2024-10-27T02:00,6\n2024-10-27T02:00,7\n", "with their offsets")]
    [InlineData("date,sales\n2024-01-01,(10.50)\n2024-01-02,12\n", "In line 2, column \"sales\", \"(10.50)\" is no number.")]
    public void What_to_do_is_said(string text, string advice) =>
        Assert.Contains(advice, Assert.Throws<InvalidDataException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_forecast_begins_where_values_end()
    {
        TableSeries series = Read("month,a\n2024-01,1\n2024-02,2\n2024-03,\n2024-04,NA\n").Series[0];
        Assert.Equal([1, 2], series.Values);
        Assert.Equal(["2024-03"], series.NextTimes(1));
    }

    [Theory]
    [InlineData("No,year,month,day,hour,pm\n1,2010,1,31,22,5\n2,2010,1,31,23,6\n3,2010,2,1,0,7\n", "hour", "year-month-day-hour", "2010-02-01T01:00")]
    [InlineData("Jahr;Monat;Tag;Umsatz\n2024;2;28;5\n2024;2;29;6\n2024;3;1;7\n", "day", "Jahr-Monat-Tag", "2024-03-02")]
    [InlineData("value,Month,Year\n5,Nov,2024\n6,December,2024\n7,Jan,2025\n", "month", "Year-Month", "2025-02")]
    [InlineData("year,qtr,gdp\n2024,3,5\n2024,4,6\n2025,1,7\n", "quarter", "year-qtr", "2025Q2")]
    public void Times_may_stand_in_columns_of_their_parts(string text, string frequency, string name, string next)
    {
        SeriesTable table = Read(text);
        Assert.Equal([5, 6, 7], table.Series.Single().Values);
        Assert.Equal((frequency, name, next), (table.Frequency.ToString(), table.TimeName, table.Series[0].NextTimes(1)[0]));
        Assert.Contains(table.Notes, n => n.Option == "Time" && n.Text.StartsWith("times are in \"", StringComparison.Ordinal) && n.Text.Contains("\", \"", StringComparison.Ordinal));
    }

    [Fact]
    public void Parts_that_are_no_dates_are_no_times()
    {
        Assert.NotEqual("year-month", Read("year,month,v\n2024,0,1\n2024,1,2\n").TimeName);
        Assert.Equal("date", Read("date,year,month,v\n2024-01-01,2024,1,1\n2024-01-02,2024,1,2\n").TimeName);
        Assert.Equal("year", Read("year,v,month\n2023,1,7\n2024,2,8\n", new SeriesTableOptions { Columns = ["month"] }).TimeName);
        SeriesTable stations = Read("station,year,month,v\nA,2024,1,1\nA,2024,2,2\nB,2024,1,3\nB,2024,2,4\n");
        Assert.Equal(["A", "B"], stations.Series.Select(s => s.Name));
        Assert.Equal("2024-03", stations.Series[1].NextTimes(1)[0]);
    }

    [Fact]
    public void Names_with_commas_are_one_column_or_several()
    {
        const string Text = "x;a,b;a;b\n1;2;3;4\n";
        Assert.Equal(["a,b"], Read(Text, new SeriesTableOptions { Columns = ["a,b"] }).Series.Select(s => s.Name));
        Assert.Equal(["x", "b", "a"], Read(Text, new SeriesTableOptions { Columns = ["x, B,x", "3"] }).Series.Select(s => s.Name));
        Assert.Contains("no column \"d\"", Assert.Throws<InvalidDataException>(() => Read(Text, new SeriesTableOptions { Columns = ["a,d"] })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("day,a,b,c\n2024-01-01,1,1,1\n2024-01-02,2,,2\n2024-01-03,3,,\n", "2 of 3 series end before the others, \"b\" first, at 2024-01-01: each", "2024-01-04,2024-01-02,2024-01-03")]
    [InlineData("shop,day,sold\nA,2024-01-01,1\nA,2024-01-02,1\nA,2024-01-03,1\nB,2024-01-01,1\nB,2024-01-02,2\n", "1 of 2 series ends before the others, \"B\" at 2024-01-02: each", "2024-01-04,2024-01-03")]
    [InlineData("a,b\n1,2\n2,\n3,\n", "1 of 2 series ends before the others, \"b\" with row 1: each", "4,2")]
    [InlineData("day,a,b\n2024-01-01,1,1\n2024-01-02,2,2\n2024-01-03,,\n2024-01-04,,NA\n", "the series have no values in the last 2 steps: the forecast begins there", "2024-01-03,2024-01-03")]
    [InlineData("day,a\n2024-01-01,1\n2024-01-02,2\n2024-01-03,\n", "\"a\" has no values in the last 1 step: the forecast begins there", "2024-01-03")]
    public void Series_that_end_at_different_times_are_told_and_forecast_from_their_own_end(string text, string note, string next)
    {
        SeriesTable table = Read(text);
        Assert.Single(table.Notes, n => n.Text.Contains("forecast begins", StringComparison.Ordinal));
        Assert.Contains(table.Notes, n => n.Text.StartsWith(note, StringComparison.Ordinal));
        Assert.Equal(next, string.Join(',', table.Series.Select(s => s.NextTimes(1)[0])));
    }

    [Fact]
    public void Series_below_each_other_are_told_apart_by_a_text()
    {
        SeriesTable table = Read("shop,date,item,sold\nA,2024-01-01,x,1\nA,2024-01-02,x,2\nB,2024-01-01,x,10\nB,2024-01-03,x,30\nC,2024-01-05,x,7");
        Assert.Equal(["A", "B", "C"], table.Series.Select(s => s.Name));
        Assert.Equal([10, N, 30], table.Series[1].Values);
        Assert.Equal("2024-01-06", table.Series[2].NextTimes(1)[0]);
        Assert.Contains(table.Notes, n => n.Option == "Ids" && n.Text.Contains("\"shop\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Several_columns_tell_series_apart_together_or_as_named()
    {
        const string Text = "shop,date,item,sold\nA,2024-01-01,x,1\nA,2024-01-01,y,2\nB,2024-01-01,x,3\nB,2024-01-01,y,4";
        Assert.Equal(["A / x", "A / y", "B / x", "B / y"], Read(Text).Series.Select(s => s.Name));
        SeriesTable numbers = Read("store,date,sold,price\n1,2024-01-01,1,9\n2,2024-01-01,2,9\n1,2024-01-02,3,9\n2,2024-01-02,4,9", new SeriesTableOptions { Ids = ["store"] });
        Assert.Equal(["1 / sold", "1 / price", "2 / sold", "2 / price"], numbers.Series.Select(s => s.Name));
        Assert.Equal([2, 4], numbers.Series[2].Values);
    }

    [Fact]
    public void What_is_given_is_not_looked_for()
    {
        const string Text = "a,b,c\n2001,03/04/2024,7\n2002,03/05/2024,8\n2003,03/06/2024,9\n";
        Assert.Equal([7, 8, 9], Read(Text, new SeriesTableOptions { Columns = ["C"] }).Series.Single().Values);
        SeriesTable days = Read(Text, new SeriesTableOptions { Columns = ["3"], Time = "b", Dates = DateOrder.MonthFirst });
        Assert.Equal(("day", "2024-03-07"), (days.Frequency.ToString(), days.Series[0].NextTimes(1)[0]));
        SeriesTable months = Read(Text, new SeriesTableOptions { Columns = ["c"], Time = "b", Dates = DateOrder.DayFirst });
        Assert.Equal(("month", "2024-07-03"), (months.Frequency.ToString(), months.Series[0].NextTimes(1)[0]));
        Assert.Equal([1234], Read("a;b\n1,234;x", new SeriesTableOptions { Mark = DecimalMark.Point }).Series[0].Values);
        Assert.Equal(["a", "b;c"], Read("a|b;c\n1|2\n", new SeriesTableOptions { Separator = '|' }).Series.Select(s => s.Name));
    }

    [Fact]
    public void Numbers_of_rows_and_times_that_cannot_be_read_are_no_series()
    {
        Assert.Equal(["v"], Read(",time,v\n0,0.0,5\n1,0.1,7\n2,0.25,6\n").Series.Select(s => s.Name));
        Assert.Equal(["time_spent", "v"], Read("time_spent,v\n3.5,5\n2.5,7\n4,6\n").Series.Select(s => s.Name));
        Assert.Equal(["time"], Read("time\n0.5\n0.75\n").Series.Select(s => s.Name));
    }

    [Fact]
    public void A_guess_is_told()
    {
        Assert.Contains(Read("date,y\n01/02/2024,1\n02/02/2024,2\n").Notes, n => n is { Option: "Time" });
        Assert.Contains(Read("x,y\n\"1,234\",a\n").Notes, n => n.Option == "Mark" && n.Text.Contains("1234", StringComparison.Ordinal));
        SeriesTable both = Read("date,y\n" + string.Concat(Enumerable.Range(1, 12).Select(i => $"{i}/{i}/2024,{i}\n")));
        Assert.Contains(both.Notes, n => n.Option == "Dates");
    }

    [Theory]
    [InlineData(RepeatedTimes.Sum, 4.0, double.NaN, 2.0, 7.0)]
    [InlineData(RepeatedTimes.Mean, 2.0, double.NaN, 2.0, 3.5)]
    [InlineData(RepeatedTimes.First, 3.0, double.NaN, 2.0, 5.0)]
    [InlineData(RepeatedTimes.Last, 1.0, double.NaN, 2.0, 2.0)]
    public void Rows_of_one_time_are_one_value_where_it_is_said(RepeatedTimes repeated, params double[] expected)
    {
        SeriesTable table = Read("date,shop,sold\n2024-01-01,a,3\n2024-01-01,b,1\n2024-01-04,b,5\n2024-01-04,a,2\n2024-01-03,a,2\n2024-01-03,b,\n", new SeriesTableOptions { Repeated = repeated });
        TableSeries series = Assert.Single(table.Series);
        Assert.Equal(expected, series.Values);
        Assert.Equal(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"], series.Times);
        Assert.Contains(table.Notes, n => n.Option == nameof(SeriesTableOptions.Repeated) && n.Text.StartsWith("3 rows of a time that is there already", StringComparison.Ordinal));
        Assert.Contains(table.Notes, n => n.Text.StartsWith("1 step that is not in the file", StringComparison.Ordinal));

        // By the column of shops, if that is said; by itself otherwise.
        table = Read("date,shop,sold\n2024-01-01,a,3\n2024-01-01,b,1\n2024-01-01,a,4\n2024-01-02,a,5\n2024-01-02,b,6\n", new SeriesTableOptions { Repeated = repeated, Ids = ["shop"] });
        Assert.Equal(["a", "b"], table.Series.Select(s => s.Name));
        Assert.Equal([1.0, 6], table.Series[1].Values);
        Assert.Equal(2, Read("date,shop,sold\n2024-01-01,a,3\n2024-01-01,b,1\n").Series.Count);
    }

    [Fact]
    public void Numbers_and_irregular_times_may_be_repeated_too()
    {
        var sum = new SeriesTableOptions { Repeated = RepeatedTimes.Sum };
        Assert.Equal([3.0, 3, 4], Read("day,x\n1,1\n1,2\n2,3\n3,4\n", sum).Series[0].Values);
        SeriesTable irregular = Read("time,x\n2024-01-01T00:00:01,1\n2024-01-01T00:00:01,2\n2024-01-01T00:13:07,3\n2024-02-11T17:00:00,4\n2024-02-11T17:00:07,5\n", sum);
        Assert.Equal([3.0, 3, 4, 5], irregular.Series[0].Values);
        Assert.Equal("2024-01-01T00:13:07", irregular.Series[0].Time(1));
        Assert.Contains("line 3, column \"x\": the sum of the values of this time is more than a number can be", Assert.ThrowsAny<Exception>(() => Read("day,x\n1,1e308\n1,1e308\n2,3\n", sum)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("a,b\n", "nothing below the header")]
    [InlineData("a,b\n1,2\n3,4,5\n", "line 3: there are 3 cells, expected 2 as in line 1")]
    [InlineData("a,b\n1,2\n\n3\n", "line 4: there are 1 cells")]
    [InlineData("date,y\n2024-01-01,1\n2024-01-02,2\n2024-01-03,abc\n2024-01-04,3\n", "line 4, column \"y\": \"abc\" is no number")]
    [InlineData("date,y\n2024-01-01,1\n2024-13-02,2\n", "line 3, column \"date\": \"2024-13-02\" is no time, expected one like 2024-01-31")]
    [InlineData("date,y\n2024-01-01,1\n,2\n", "line 3, column \"date\": the time is missing")]
    [InlineData("date,y\n2024-01-01,1\n2024-01-02,2\n2024-01-01,3\n", "line 4: the time 2024-01-01 of the series is there already, in line 2", "if such rows are one value, say which (--repeated)")]
    [InlineData("date,name\n2024-01-01,a\n2024-01-02,b\n", "no column of numbers")]
    [InlineData("x;y\n1,5;a\n2,5;a\n3.5;a\n", "line 4, column \"x\": \"3.5\" is no number, with a decimal comma")]
    [InlineData("a\0b,c\n1,2\n", "no text")]
    public void Errors_have_the_line(string text, params string[] parts)
    {
        var error = Assert.Throws<InvalidDataException>(() => Read(text));
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.StartsWith("test.csv", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_that_is_not_there_is_named_with_those_that_are()
    {
        var error = Assert.Throws<InvalidDataException>(() => Read("a,b\n1,2\n", new SeriesTableOptions { Columns = ["c"] }));
        Assert.Contains("no column \"c\". The columns are: a, b.", error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => Read("a,b\nx,2\n", new SeriesTableOptions { Time = "a" }));
    }

    [Fact]
    public void A_quotation_mark_that_is_not_closed_does_not_swallow_a_large_file()
    {
        string text = "a,b\n1,\"2\n" + string.Concat(Enumerable.Repeat("3,4\n", 5_000_000));
        Assert.Contains("quotation mark", Assert.Throws<InvalidDataException>(() => Read(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_encodings_are_read()
    {
        using var latin = new MemoryStream(Encoding.Latin1.GetBytes("Monat;Verkäufe\n2024-01;1\n"));
        Assert.Equal("Verkäufe", SeriesTable.Read(latin, "x").Series[0].Name);
        using var wide = new MemoryStream([0xFF, 0xFE, .. Encoding.Unicode.GetBytes("Monat;Verkäufe\n2024-01;1\n")]);
        Assert.Equal("Verkäufe", SeriesTable.Read(wide, "x").Series[0].Name);
    }

    [Fact]
    public void A_pipe_is_read_as_a_file_and_a_single_time_is_not_irregular()
    {
        using var packed = new MemoryStream();
        using (var pack = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            pack.Write("day,a\n2024-01-01,7\n"u8);
        packed.Position = 0;
        using var pipe = new GZipStream(packed, CompressionMode.Decompress);
        SeriesTable table = SeriesTable.Read(pipe, "pipe");
        Assert.Equal([7], table.Series[0].Values);
        Assert.Equal(["+1"], table.Series[0].NextTimes(1));
        Assert.DoesNotContain(table.Notes, n => n.Text.Contains("irregular", StringComparison.Ordinal));
    }

    [Fact]
    public void Damaged_files_end_in_an_error_with_a_name_or_in_series()
    {
        string[] good =
        [
            "month,sales,b\n2024-01,1.5,3\n2024-02,2.5,NA\n2024-03,\"1,200\",7\n",
            "Datum;Umsatz;Ort\n01.02.2024 10:00;1,5;\"A;B\"\n02.02.2024 10:00;2,5;C\n",
            "shop,date,sold\nA,2024-01-01,1\nB,2024-01-01,2\nA,2024-01-02,3\n",
            "time,value\n1949,112\n1949.08333333333,118\n",
            "d\tx\n2024Q1\t1\n2024Q2\t2\n1/2/2024\t3\n",
            "year,month,a,b\n2024,1,3,\n2024,2,,4\n2024,3,5,\n",
        ];
        var random = new Random(1);
        int read = 0, refused = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(good[i % good.Length]);
            for (int change = random.Next(1, 6); change > 0; change--)
                bytes = Change(bytes, random);
            using var stream = new MemoryStream(bytes);
            try
            {
                SeriesTable table = SeriesTable.Read(stream, "fuzz");
                Assert.All(table.Series, s =>
                {
                    Assert.InRange(s.Values.Length, 1, 4 * bytes.Length);
                    Assert.Equal(s.Values.Length, s.Times.Count);
                    Assert.Equal(3, s.NextTimes(3).Count);
                });
                read++;
            }
            catch (InvalidDataException e)
            {
                Assert.StartsWith("fuzz", e.Message, StringComparison.Ordinal);
                refused++;
            }
        }
        Assert.True(read > 2000 && refused > 2000, $"{read} read, {refused} refused");
    }

    private static byte[] Change(byte[] bytes, Random random)
    {
        const string Signs = ",;\t\"\n\r -./:0123456789eEQWTZ\0\u00FF";
        int at = random.Next(bytes.Length + 1), to = random.Next(at, bytes.Length + 1);
        byte sign = random.Next(4) == 0 ? (byte)random.Next(256) : (byte)Signs[random.Next(Signs.Length)];
        return random.Next(5) switch
        {
            0 => [.. bytes[..at], .. bytes[to..]],
            1 => [.. bytes, .. bytes[at..to]],
            2 => [.. bytes[..at], sign, .. bytes[at..]],
            3 when at < bytes.Length => [.. bytes[..at], sign, .. bytes[(at + 1)..]],
            _ => [.. bytes[..at], .. bytes[at..to], .. bytes[at..]],
        };
    }

    private static SeriesTable Read(string text, SeriesTableOptions? options = null)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
        return SeriesTable.Read(stream, "test.csv", options);
    }
}
