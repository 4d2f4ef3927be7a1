using XLstm.Forecasting.Tests.TiRex;

namespace XLstm.Forecasting.Tests.Sessions;

public sealed class ForecastSessionTests
{
    // Contexts of 1,024 and 64 values.
    private static readonly PatchForecaster s_own = new(new PatchNetwork(new PatchNetworkConfig(8, 16, 24, 16, 2), new ParameterSet(7)), threads: 2);
    private static readonly TiRexForecaster s_tirex = new(TiRexGoldenTests.Load(), acceleratedPatches: 100);

    public static TheoryData<string> Models => ["own", "tirex"];

    [Theory]
    [MemberData(nameof(Models))]
    public void At_the_start_it_is_the_forecast_bit_for_bit(string name)
    {
        IPatchModel model = Model(name);
        int[] lengths = [.. Enumerable.Range(0, 101), 127, 128, 129, .. Enumerable.Range(model.Context - 1, 3), model.Context + 9, (3 * model.Context) + 5];
        foreach (int length in lengths)
        {
            double[] series = Series(length);
            using var session = new ForecastSession(model, series);
            Assert.Equal(length, session.Count);
            AssertSame(Anew(name, series, 5), session.Forecast(5));
            AssertSame(Anew(name, series, 40), session.Forecast(40));
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void It_is_read_anew_after_every_quarter(string name)
    {
        IPatchModel model = Model(name);
        int C = model.Context;
        double[] series = Series(4 * C);
        HashSet<int> anew = [0, 1];
        for (int count = 1; count <= series.Length; count += Math.Max(1, Math.Min(count, C) / 4))
            anew.Add(count);
        Assert.DoesNotContain(C + 1, anew);
        using var session = new ForecastSession(model, []);
        for (int count = 0; count <= series.Length; count++)
        {
            if (anew.Contains(count))
                AssertSame(Anew(name, series[..count], 20), session.Forecast(20));
            // As a proof that this is what is looked at: in between the scale is another.
            else if (count % 13 == 3)
                Assert.NotEqual(Anew(name, series[..count], 20).Median.ToArray(), session.Forecast(20).Median.ToArray());
            if (count < series.Length)
                session.Append(series[count]);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void In_between_it_is_the_network_over_all_values_with_the_scale_as_it_was(string name)
    {
        IPatchModel model = Model(name);
        foreach (int start in new[] { 3, 17, 40, model.Context - 3, model.Context + 50 })
        {
            double[] series = Series(start + 70), context = PatchRun.Context(series[..start], model.Context);
            using var session = new ForecastSession(model, series[..start]);
            for (int more = 1; more < Math.Min(context.Length / 4, 70); more++)
            {
                session.Append(series[start + more - 1]);
                if (more % 3 == 0)
                    AssertNear(Scaled(model, context, series[start..(start + more)], 40), session.Forecast(40));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void In_what_portions_values_come_does_not_matter(string name)
    {
        IPatchModel model = Model(name);
        double[] series = Series(3500);
        var random = new Random(3);
        using var one = new ForecastSession(model, series[..30]);
        using var all = new ForecastSession(model, series[..30]);
        using var some = new ForecastSession(model, series[..30]);
        foreach (double value in series[30..])
        {
            one.Append(value);
            one.Forecast(1);
        }
        all.Append(series.AsSpan(30));
        for (int at = 30, count; at < series.Length; at += count)
        {
            count = Math.Min(random.Next(1, 60), series.Length - at);
            some.Append(series.AsSpan(at, count));
        }
        Assert.Equal((series.Length, series.Length), ((int)all.Count, (int)some.Count));
        AssertNear(one.Forecast(33), all.Forecast(33));
        AssertNear(one.Forecast(33), some.Forecast(33));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Missing_values(string name)
    {
        IPatchModel model = Model(name);
        double[] series = Series(90);
        for (int i = 0; i < series.Length; i++)
            series[i] = i < 7 || i % 5 == 2 || i is > 40 and < 65 ? (i % 2 == 0 ? double.NaN : double.NegativeInfinity) : series[i];
        using var session = new ForecastSession(model, []);
        using var filled = new ForecastSession(model, series);
        AssertSame(Anew(name, series, 20), filled.Forecast(20));
        // A quarter of what is known, and missing values do not count.
        int known = 0, next = 1;
        for (int i = 0; i < series.Length; i++)
        {
            session.Append(series[i]);
            if (double.IsFinite(series[i]) && ++known == next)
            {
                AssertSame(Anew(name, series[..(i + 1)], 20), session.Forecast(20));
                next += Math.Max(1, next / 4);
            }
            session.Forecast(1);
        }
        Assert.True(known >= 32);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_context_of_nothing_is_nothing(string name)
    {
        IPatchModel model = Model(name);
        using var session = new ForecastSession(model, Series(50));
        for (int i = 0; i < 2 * model.Context; i++)
            session.Append(double.NaN);
        AssertSame(Anew(name, [], 9), session.Forecast(9));
        session.Append([1, 2]);
        AssertSame(Anew(name, [1, 2], 9), session.Forecast(9));
        Assert.Equal(50 + (2 * model.Context) + 2, session.Count);
    }

    [Fact]
    public void A_scale_that_no_longer_holds_is_fixed_anew()
    {
        double[] constant = [.. Enumerable.Repeat(4.0, 60)], counts = [.. Series(60).Select(Math.Abs)];
        using var other = new ForecastSession(s_own, constant);
        other.Append([4, 4, double.NaN, 4]);
        Assert.All(other.Forecast(70)[0].ToArray(), v => Assert.Equal(4, v));
        Assert.Single(other.Forecast(3).Warnings);
        other.Append(5);
        AssertSame(Anew("own", [.. constant, 4, 4, double.NaN, 4, 5], 9), other.Forecast(9));
        using var below = new ForecastSession(s_own, counts);
        below.Append(-100);
        Assert.Contains(below.Forecast(9)[0].ToArray(), v => v < 0);
        AssertSame(Anew("own", [.. counts, -100], 9), below.Forecast(9));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_forecast_changes_nothing(string name)
    {
        IPatchModel model = Model(name);
        double[] series = Series(200);
        using var asked = new ForecastSession(model, series[..150]);
        using var quiet = new ForecastSession(model, series[..150]);
        for (int i = 150; i < 200; i++)
        {
            asked.Append(series[i]);
            quiet.Append(series[i]);
            Forecast forecast = asked.Forecast(3);
            Assert.Equal(500, asked.Forecast(500).Horizon);
            AssertSame(forecast, asked.Forecast(3));
        }
        AssertNear(quiet.Forecast(30), asked.Forecast(30));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Many_over_one_forecaster(string name)
    {
        IPatchModel model = Model(name);
        double[] series = Series(400);
        double[] expected = Last();
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => Assert.Equal(expected, Last()))));

        double[] Last()
        {
            using var session = new ForecastSession(model, series[..100]);
            for (int i = 100; i < 400; i++)
            {
                session.Append(series[i]);
                session.Forecast(1);
            }
            return session.Forecast(20).Median.ToArray();
        }
    }

    [Fact]
    public void Memory_does_not_grow()
    {
        double[] series = Series(5000);
        using var session = new ForecastSession(s_own, []);
        foreach (double value in series.AsSpan(0, 2000))
            session.Append(value);
        session.Forecast(20);
        long held = session.HeldBytes;
        foreach (double value in series.AsSpan(2000))
            session.Append(value);
        session.Forecast(20);
        Assert.Equal(held, session.HeldBytes);
    }

    [Fact]
    public void Of_the_forecaster_in_the_package()
    {
        double[] series = [.. Enumerable.Range(0, 300).Select(t => 50 + (t / 10.0) + (10 * Math.Sin(2 * Math.PI * t / 24)) + (t % 24 == 7 ? 5 : 0))];
        using ForecastSession session = Forecaster.Default.OpenSession(series[..250]), day = Forecaster.Default.OpenSession(series[..250], season: 24);
        AssertSame(Forecaster.Default.Forecast(series[..250], 30), session.Forecast(30));
        AssertSame(Forecaster.Default.Forecast(series[..250], 30, 24), day.Forecast(30));
        foreach (double value in series[250..276])
            session.Append(value);
        Assert.InRange(ForecastMetrics.Mase(series.AsSpan(276), session.Forecast(24).Median, series.AsSpan(0, 276), 24), 0, 0.5);
        session.Dispose();
        Assert.Throws<ObjectDisposedException>(() => session.Append(1));
        Assert.Throws<ObjectDisposedException>(() => session.Forecast(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => day.Forecast(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Forecaster.Default.OpenSession([], 0));
    }

    private static IPatchModel Model(string name) => name == "own" ? s_own : s_tirex;

    private static Forecast Anew(string name, double[] series, int horizon) =>
        (name == "own" ? (IForecaster)s_own : s_tirex).Forecast([series], horizon, TestContext.Current.CancellationToken)[0];

    private static double[] Series(int length)
    {
        double[] series = [.. SeriesGenerator.Draw(5000, 11).Series];
        var random = new Random(1);
        // Of both signs from the start: a first negative value would be read anew.
        return [.. Enumerable.Range(0, length).Select(t => (t % 2 == 0 ? 1 : -1) + ((double.IsNaN(series[t]) ? 0 : Math.Sin(series[t])) * 0.4) + (0.5 * random.NextDouble()))];
    }

    // The scale of the context, the values of both.
    private static Forecast Scaled(IPatchModel model, double[] context, double[] more, int horizon)
    {
        double[] values = [.. context, .. more];
        int end = ((values.Length - 1) % model.Patch) + 1, known = Math.Max(1, (context.Length - end + model.Patch) / model.Patch);
        PatchRow[] row = [new PatchRow(model.Code(context), values, end, model.Patches(values.Length), model.Before(known))];
        using var pass = new Pass();
        return PatchRun.Forecast(model, row, PatchRun.Read(model, row, pass), horizon, pass)[0];
    }

    private static void AssertSame(Forecast expected, Forecast actual)
    {
        for (int q = 0; q < 9; q++)
            Assert.Equal(expected[q].ToArray(), actual[q].ToArray());
        Assert.Equal(expected.Warnings, actual.Warnings);
    }

    private static void AssertNear(Forecast expected, Forecast actual)
    {
        double size = expected[8].ToArray().Concat(expected[0].ToArray()).Max(Math.Abs);
        for (int q = 0; q < 9; q++)
            for (int h = 0; h < expected.Horizon; h++)
                Assert.Equal(expected[q][h], actual[q][h], 2e-4 * size);
    }
}
