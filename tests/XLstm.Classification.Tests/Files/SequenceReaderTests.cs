namespace XLstm.Classification.Tests;

public sealed class SequenceReaderTests
{
    private const string Header = "# about\n@problemName X\n@timeStamps false\n@univariate false\n@dimensions 2\n@equalLength false\n@classLabel true a b\n@data\n";

    [Fact]
    public void A_ts_file_has_channels_lengths_and_missing_values()
    {
        SequenceData data = Read("x.ts", Header + "1,2,?:4,5,6:a\n7,8:NaN,1e1:b\n");
        Assert.Equal(["a", "b"], data.Labels);
        Assert.Equal([1, 2, double.NaN], data.Series[0][0].ToArray());
        Assert.Equal([double.NaN, 10], data.Series[1][1].ToArray());
    }

    [Fact]
    public void A_ts_file_may_have_targets_or_nothing()
    {
        Assert.Equal([2.5], Read("x.ts", "@targetlabel true\n@data\n1,2:2.5\n").Targets![0]);
        Assert.Null(Read("x.ts", "@classLabel false\n@data\n1,2\n").Labels);
    }

    [Fact]
    public void A_tsv_file_is_shorter_where_it_is_filled_up()
    {
        SequenceData data = Read("x.tsv", "1\t0.5\tNaN\t2\n-1\t3\tNaN\tNaN\n");
        Assert.Equal(["1", "-1"], data.Labels);
        Assert.Equal([0.5, double.NaN, 2], data.Series[0][0].ToArray());
        Assert.Equal([3], data.Series[1][0].ToArray());
    }

    [Fact]
    public void Where_no_series_has_a_class_there_are_none() => Assert.Null(Read("x.csv", "label,a\n,1\n?,2\n").Labels);

    [Fact]
    public void A_csv_file_is_wide_or_long()
    {
        SequenceData wide = Read("x.csv", "label,t1,t2,t3\nup,1,2,3\ndown,3,,\n");
        Assert.Equal(["up", "down"], wide.Labels);
        Assert.Equal([3], wide.Series[1][0].ToArray());
        SequenceData rows = Read("x.csv", "id,time,x,y,class\nr1,0,1,2,up\nr1,1,3,,up\nr2,0,5,6,down\n");
        Assert.Equal(["up", "down"], rows.Labels);
        Assert.Equal([2, double.NaN], rows.Series[0][1].ToArray());
        Assert.Contains("each row is a step of the series that \"id\" names, in order of \"time\", with 2 channels: x, y", rows.Notes);
        Assert.Equal([7], Read("x.csv", "score,a,b\n7,1,2\n", new SequenceTableOptions { Label = "score", Regression = true }).Targets![0]);
    }

    /// <summary>A record without an end: windows, with what most of their steps are.</summary>
    [Fact]
    public void Windows_are_cut_of_records()
    {
        const string Text = "time,x,y,class\n2,3,30,walk\n1,1,10,walk\n3,,50,\n4,7,70,run\n5,9,90,run\n6,11,110,run\n7,13,130,\n8,15,150,?\n9,17,170,?\n";
        SequenceData data = Read("x.csv", Text, new SequenceTableOptions { Window = 3, Every = 2 });
        Assert.Equal(["1-3", "3-5", "5-7"], data.Names);
        Assert.Equal(["walk", "run", "run"], data.Labels);
        Assert.Equal([1, 3, double.NaN], data.Series[0][0].ToArray());
        Assert.Equal([90, 110, 130], data.Series[2][1].ToArray());
        Assert.Equal(
            ["each row is a step, in order of \"time\", with 2 channels: x, y", "1 series was not in order of \"time\": sorted", "labels: column \"class\"", "4 windows of 3 steps, one every 2", "1 window has no label: left out"], data.Notes);

        // Of two equally frequent ones the later; the mean of numbers; a record of each id, side by side.
        Assert.Equal(["b"], Read("x.csv", "v,label\n1,a\n2,b\n3,a\n4,b\n", new SequenceTableOptions { Window = 4 }).Labels);
        SequenceData hours = Read("x.csv", "id,v,label\np,1,0.5\nq,9,4\np,2,1\nq,8,\np,3,7\nshort,1,1\n", new SequenceTableOptions { Window = 2, Regression = true });
        Assert.Equal(["p 1-2", "q 1-2"], hours.Names);
        Assert.Equal([0.75, 4], hours.Targets!.Select(t => t[0]));
        Assert.Contains("2 windows of 2 steps, one every 2; 1 series is shorter and left out; 1 step at the ends is in none", hours.Notes);
        Assert.Null(Read("x.csv", "v\n1\n2\n", new SequenceTableOptions { Window = 1 }).Labels);
        Assert.Null(Read("x.csv", "v,label\n1,\n2,?\n", new SequenceTableOptions { Window = 1 }).Labels);
    }

    /// <summary>A trained model reads other files as that of its training: columns by name, windows of the same length, whatever is known of them.</summary>
    [Fact]
    public void Other_files_are_read_as_that_of_the_training()
    {
        var options = new SequenceTableOptions { Label = "activity", Id = "user", Window = 2, Channels = ["x", "z"] };
        SequenceData learned = Read("x.csv", "user,activity,device,x,y,z\n1,walk,phone,1,2,3\n1,walk,phone,4,5,6\n1,,watch,7,8,9\n1,,watch,7,8,9\n", options);
        Assert.Equal(["walk"], learned.Labels);
        Assert.Contains("left out: device, y", learned.Notes);
        Assert.Contains("1 window has no label: left out", learned.Notes);

        SequenceData others = Read("x.csv", "z,activity,x\n1,,2\n3,,4\n5,run,6\n7,run,8\n9,run,10\n", learned.Table);
        Assert.Equal(["1-2", "3-4"], others.Names);
        Assert.Equal([2, 4, 1, 3], [.. others.Series[0][0], .. others.Series[0][1]]);
        Assert.Equal([false, true], Enumerable.Range(0, 2).Select(others.HasLabel));
        Assert.Equal(["run"], others.Classes);
        Assert.Contains("2 windows of 2 steps, one every 2; 1 step at the ends is in none", others.Notes);
        Assert.Null(Read("x.csv", "x,z\n1,2\n3,4\n", learned.Table).Labels);
        Assert.Contains("there is no column \"z\". The columns are: x, y", Assert.Throws<InvalidDataException>(() => Read("x.csv", "x,y\n1,2\n3,4\n", learned.Table)).Message, StringComparison.Ordinal);
        Assert.Single(Read("x.tsv", "a\t1\t2\n", learned.Table).Series);
    }

    [Fact]
    public void One_record_without_a_name_is_one_for_who_learned_from_many()
    {
        SequenceData learned = Read("x.csv", "id,x,y,label\na,1,2,up\na,3,4,up\nb,5,6,down\n");
        SequenceData one = Read("x.csv", "x,y\n1,2\n3,4\n5,6\n", learned.Table);
        Assert.Equal((1, 3, 2), (one.Series.Count, one.Series[0].Length, one.Series[0].ChannelCount));
        SequenceData row = Read("x.csv", "x,y\n1,2\n", learned.Table);
        Assert.Equal((1, 2), (row.Series[0].Length, row.Series[0].ChannelCount));
        SequenceData wide = Read("x.csv", "label,a,b\nup,1,2\ndown,3,4\n");
        Assert.Equal(2, Read("x.csv", "a,b\n1,2\n3,4\n", wide.Table).Series.Count);
        Assert.Contains("RowsAreSteps", Assert.Throws<ArgumentException>(() => Read("x.csv", "a\n1\n", new SequenceTableOptions { Window = 1, RowsAreSteps = false })).Message, StringComparison.Ordinal);
        Assert.Equal(2, Read("x.csv", "a,b\n1,2\n3,4\n", new SequenceTableOptions { RowsAreSteps = true }).Series[0].Length);
    }

    [Theory]
    // Both could be either: as the rows are in order.
    [InlineData("05/01/2024", "04/02/2024", "dates of \"time\" have the day first: so they are in order", false)]
    [InlineData("01/05/2024", "02/04/2024", "dates of \"time\" have the month first: so they are in order", false)]
    [InlineData("13.02.2024", "12.02.2024", "1 series was not in order of \"time\": sorted", true)]
    [InlineData("2024-02-13", "2024-02-12", "1 series was not in order of \"time\": sorted", true)]
    public void Dates_may_have_the_day_first(string first, string second, string note, bool turned)
    {
        SequenceData data = Read("x.csv", $"id;time;x\na;{first} 10:00:00;1\na;{second} 10:00:00;2\n");
        Assert.Equal(turned ? [2, 1] : [1, 2], data.Series[0][0].ToArray());
        Assert.Contains(note, data.Notes);
    }

    [Theory]
    [InlineData("01/03/2024", "02/02/2024", "01/01/2024", "in order of neither. Write the year first")]
    [InlineData("1", "", "3", "line 3: column \"time\" has no time that is one like the others")]
    [InlineData("2024-01-01", "2024-01-02", "soon", "line 4: column \"time\" has no time")]
    [InlineData("1", "0", "1", "series \"a\" is not in order of \"time\", and 1 of its 3 steps have the time of another: are these several records?")]
    public void Times_that_say_nothing_are_refused(string first, string second, string third, string expected)
    {
        string text = $"id,time,x\na,{first},1\na,{second},2\na,{third},3\n";
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Read("x.csv", text)).Message, StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], Read("x.csv", text, new SequenceTableOptions { Time = "", Channels = ["x"] }).Series[0][0].ToArray());
    }

    [Fact]
    public void What_is_odd_in_a_record_is_told()
    {
        SequenceData data = Read("x.csv", ",time,x\n0,1,1\n1,2,2\n2,3,\n3,4,\n4,5,1\n5,60,1\n6,61,1\n7,62,1\n", new SequenceTableOptions { Window = 2 });
        Assert.Equal((3, 1), (data.Series.Count, data.Series[0].ChannelCount));
        Assert.Contains("the first column has no name: left out", data.Notes);
        Assert.Contains("1 window has no values: left out", data.Notes);
        Assert.Contains("1 window spans a gap in \"time\", of ten times the usual step or more", data.Notes);
        Assert.Contains("no window has a value", Assert.Throws<InvalidDataException>(() => Read("x.csv", "x\n?\n?\n", new SequenceTableOptions { Window = 2 })).Message, StringComparison.Ordinal);
        string speeds = "x,label\n" + string.Concat(Enumerable.Range(0, 50).Select(i => $"1,{i}.5\n"));
        Assert.Contains("the 50 classes of 50 series are all numbers: are they to be told as numbers (regression)?", Read("x.csv", speeds).Notes);
    }

    [Fact]
    public void Windows_that_cannot_be_are_refused()
    {
        const string Text = "v,label\n1,a\n2,\n3,\n";
        Assert.Contains("there is no window of 4 steps: the longest record has 3", Refused(Text, 4, null), StringComparison.Ordinal);
        Assert.Contains("Window and Every are 0", Assert.Throws<ArgumentException>(() => Read("x.csv", Text, new SequenceTableOptions { Window = 0 })).Message, StringComparison.Ordinal);
        foreach ((SequenceTableOptions options, string said) in new[]
        {
            (new SequenceTableOptions { Label = "label", Channels = ["v", "label"] }, "column \"label\" is a channel and the label"),
            (new SequenceTableOptions { Id = "v", Channels = ["v"] }, "column \"v\" is a channel and the id of series"), (new SequenceTableOptions { Channels = ["v", "V"] }, "column \"v\" is a channel twice"),
        })
            Assert.Contains(said, Assert.Throws<InvalidDataException>(() => Read("x.csv", Text, options)).Message, StringComparison.Ordinal);
        Assert.Contains("Channels has no names", Assert.Throws<ArgumentException>(() => Read("x.csv", Text, new SequenceTableOptions { Channels = [] })).Message, StringComparison.Ordinal);
        Assert.Contains("Every is set", Assert.Throws<ArgumentException>(() => Read("x.csv", Text, new SequenceTableOptions { Every = 1 })).Message, StringComparison.Ordinal);
        Assert.Contains("line 3: there are 1 cells, expected 2", Refused("v,label\n1,a\n2\n", 2, null), StringComparison.Ordinal);
        Assert.Contains("windows are cut of the rows of a .csv file", Assert.Throws<InvalidDataException>(() => Read("x.tsv", "a\t1\t2\n", new SequenceTableOptions { Window = 2 })).Message, StringComparison.Ordinal);
        string many = "v\n" + string.Concat(Enumerable.Repeat("1\n", 30_000));
        Assert.Contains("begin them further apart", Refused(many, 15_000, 1), StringComparison.Ordinal);

        static string Refused(string text, int window, int? every) =>
            Assert.Throws<InvalidDataException>(() => Read("x.csv", text, new SequenceTableOptions { Window = window, Every = every })).Message;
    }

    [Fact]
    public void The_axes_of_a_sensor_are_no_labels()
    {
        SequenceData data = Read("x.csv", "time,X,Y,Z\n1,2,3,4\n2,3,4,5\n", new SequenceTableOptions { Window = 2 });
        Assert.Equal((3, null), (data.Series[0].ChannelCount, data.Labels));
        Assert.Contains("there is no column of labels, called label, class, target or as said", data.Notes);
        Assert.Equal(["4"], Read("x.csv", "id,x,y\na,1,4\na,2,4\n").Labels);
    }

    [Fact]
    public void Steps_are_in_order_of_time_and_series_have_their_names()
    {
        SequenceData data = Read("x.csv", "id,time,x,class\nb,2024-01-03,3,up\na,2024-01-02,5,down\nb,2024-01-01,1,up\nb,2024-01-02,2,up\n");
        Assert.Equal(["b", "a"], data.Names);
        Assert.Equal([1, 2, 3], data.Series[0][0].ToArray());
        Assert.Contains("1 series was not in order of \"time\": sorted", data.Notes);
        SequenceData none = Read("x.csv", "id,time,x\na,later,3\na,sooner,5\n");
        Assert.Equal([3, 5], none.Series[0][0].ToArray());
        Assert.Contains("\"time\" has no times: steps stand as in the file", none.Notes);
    }

    [Fact]
    public void Commas_are_decimal_where_others_stand_between_columns()
    {
        SequenceData data = Read("x.csv", "id;time;x;class\nr1;1,5;-0,25;up\nr1;0,5;2;up\nr2;0;3e-1;down\n");
        Assert.Equal([2, -0.25], data.Series[0][0].ToArray());
        Assert.Equal([0.3], data.Series[1][0].ToArray());
        Assert.Equal([0.5, 1.5], Read("x.csv", "label\ta\tb\nup\t0.5\t1.5\n").Series[0][0].ToArray());
        Assert.Equal([1.5], Read("x.csv", "y;a;b\n1,5;0;1\n", new SequenceTableOptions { Regression = true }).Targets![0]);
    }

    [Fact]
    public void Names_that_occur_once_are_names_of_rows()
    {
        SequenceData data = Read("x.csv", "id,label,t0,t1,t2\nr7,up,1,2,3\nr3,down,4,5,\n");
        Assert.Equal(["r7", "r3"], data.Names);
        Assert.Equal([1, 2, 3], data.Series[0][0].ToArray());
        Assert.Equal([4, 5], data.Series[1][0].ToArray());
        Assert.Null(Read("x.csv", "label,t0\nup,1\n").Names);
    }

    [Theory]
    [InlineData("x.ts", "@timeStamps true\n@data\n", "line 1", "time stamps")]
    [InlineData("x.ts", "@classLabel true a\n@data\n1,2:b\n", "line 3", "none of the classes")]
    [InlineData("x.ts", "@classLabel true a\n@data\n1,z:a\n", "line 3", "\"z\" is no number")]
    [InlineData("x.ts", "@classLabel true a\n@data\n1:2:a\n1:a\n", "line 4", "1 channels, expected 2")]
    [InlineData("x.ts", "@classLabel true a\n@data\n1:2,3:a\n", "line 3", "2 values, expected 1")]
    [InlineData("x.ts", "@classLabel true\n", "line 1", "without '@data'")]
    [InlineData("x.ts", "hello\n", "line 1", "no line of a header")]
    [InlineData("x.tsv", "1 2 3\n", "line 1", "no tab")]
    [InlineData("x.tsv", "1\t2\n1\tx\n", "line 2", "\"x\" is no number")]
    [InlineData("x.csv", "label,a\nu,1\nu,x\n", "line 3", "column \"a\"")]
    [InlineData("x.csv", "id,a,label\n1,2,u\n1,3,v\n", "line 3", "in line 2")]
    [InlineData("x.csv", "1,2\n3,4\n", "line 1", "no header")]
    [InlineData("x.csv", "label,a\n", "x.csv", "nothing below")]
    [InlineData("x.ts", "@classLabel true\n@data\n1,1e400:a\n", "line 3", "\"1e400\" is no number")]
    [InlineData("x.ts", "@classLabel true\n@data\n1:a\n2:?\n", "line 4", "no class")]
    [InlineData("x.tsv", "a\t1\nNaN\t2\n", "line 2", "no class")]
    [InlineData("x.csv", "label,a\nu,1\n,2\n", "line 3", "no class")]
    [InlineData("x.csv", "label,a\nu,\"1,5\"\n", "line 2", "\"1,5\" is no number.")]
    [InlineData("x.csv", "label;a;b\nu;1,5;1\nu;0;1.500\n", "line 3", "column \"b\": \"1.500\" is no number, with a decimal comma as before")]
    [InlineData("x.csv", "label,a,A\nu,1,2\n", "line 1", "2 columns called \"a\"")]
    [InlineData("x.csv", "id,a\nr,1\n,2\n", "line 3", "to which series")]
    [InlineData("x.tsv", "", "x.tsv", "empty")]
    [InlineData("x.txt", "", "x.txt", ".tsv or .csv")]
    public void What_is_wrong_is_told_with_its_line(string name, string text, params string[] parts)
    {
        string message = Assert.Throws<InvalidDataException>(() => Read(name, text)).Message;
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("x.ts")]
    [InlineData("x.tsv")]
    [InlineData("x.csv")]
    public void Anything_is_read_or_refused(string name)
    {
        string[] seeds = [Header + "1,2,?:4,5,6:a\n7,8:NaN,1e1:b\n", "1\t0.5\tNaN\n-1\t3\t4\n", "id,time,x,label\nr1,0,1,u\nr2,1,\"3\",v\n"];
        const string Signs = "0123456789.,:\t\n\r\"@?#-eN ax(\0\uFEFF";
        var random = new RandomSource(1);
        for (int round = 0; round < 2000; round++)
        {
            char[] text = seeds[round % seeds.Length].ToCharArray();
            for (int changes = 1 + (int)random.NextInteger(4); changes > 0; changes--)
                text[random.NextInteger(text.Length)] = Signs[(int)random.NextInteger(Signs.Length)];
            try
            {
                Assert.NotEmpty(Read(name, new string(text, 0, 1 + (int)random.NextInteger(text.Length))).Series);
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    private static SequenceData Read(string name, string text, SequenceTableOptions? options = null)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder[name], text);
        return SequenceReader.Read(folder[name], options);
    }
}
