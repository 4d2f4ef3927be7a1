namespace XLstm.Forecasting;

/// <summary>
/// Draws series of many kinds, each from its own seed: what the forecaster of the package learned from. No real series is in
/// it. Half are processes that forecasting knows by name (exponential smoothing in its additive and multiplicative forms,
/// seasonal ARIMA, random walks), half are sums or products of a trend, seasons and noise; then things happen to them that happen to real
/// ones: level shifts, outliers, missing stretches, rounding, counts, rare demand, exponential growth, mixing.
/// </summary>
internal static class SeriesGenerator
{
    private static readonly (double Weight, int Season)[] s_seasons =
        [(0.30, 1), (0.13, 4), (0.11, 7), (0.19, 12), (0.15, 24), (0.02, 52), (0.10, 0)];

    /// <summary>A series and its season (1 for none).</summary>
    public static (double[] Series, int Season) Draw(int length, ulong seed)
    {
        var random = new RandomSource(seed);
        random.NextBits();
        int season = DrawSeason(ref random, length);
        double[] series = Component(length, season, ref random);
        if (random.NextDouble() < 0.15)
            Mix(series, Component(length, season, ref random), random.NextDouble());
        if (random.NextDouble() < 0.25)
            Turn(series, ref random);
        if (random.NextDouble() < 0.35)
            Exponentiate(series, ref random);
        else
            Shift(series, ref random);
        Happen(series, season, ref random);
        return (series, season);
    }

    private static int DrawSeason(ref RandomSource random, int length)
    {
        double at = random.NextDouble();
        foreach ((double weight, int season) in s_seasons)
        {
            at -= weight;
            if (at < 0)
                return season > 0 ? season : (int)Math.Min(Math.Round(Math.Pow(2, 1 + (6 * random.NextDouble()))), Math.Max(2, length / 2));
        }
        return 1;
    }

    private static double[] Component(int length, int season, ref RandomSource random) => random.NextDouble() switch
    {
        < 0.27 => Smoothing(length, season, ref random),
        < 0.50 => SeasonalArima(length, season, ref random),
        < 0.60 => Gaussian(length, season, ref random),
        _ => Parts(length, season, ref random),
    };

    // Exponential smoothing in state-space form: level, damped trend and season, each moved by the same error.
    private static double[] Smoothing(int length, int season, ref RandomSource random)
    {
        var y = new double[length];
        double alpha = Skewed(ref random), beta = random.NextDouble() < 0.5 ? alpha * 0.3 * Skewed(ref random) : 0;
        double gamma = season > 1 ? (1 - alpha) * 0.4 * Skewed(ref random) : 0;
        double phi = random.NextDouble() < 0.5 ? 1 : 0.8 + (0.18 * random.NextDouble());
        double noise = Log(ref random, 0.05, 1), level = 0;
        double trend = random.NextDouble() < 0.55 ? random.NextNormal() * Log(ref random, 0.002, 0.4) : 0;
        double[] pattern = Pattern(season, ref random);
        double amplitude = season > 1 ? Log(ref random, 0.1, 4) : 0;
        for (int s = 0; s < pattern.Length; s++)
            pattern[s] *= amplitude;
        double tails = random.NextDouble() < 0.2 ? 4 : 0;
        for (int t = 0; t < length; t++)
        {
            double error = noise * Noise(ref random, tails);
            int s = t % pattern.Length;
            y[t] = level + (phi * trend) + pattern[s] + error;
            level += (phi * trend) + (alpha * error);
            trend = (phi * trend) + (beta * error);
            pattern[s] += gamma * error;
        }
        return y;
    }

    // (1 - ar B)(1 - sar B^m) y = (1 + ma B)(1 + sma B^m) e, summed up 0 to 2 times, and over seasons 0 or 1 times.
    private static double[] SeasonalArima(int length, int season, ref RandomSource random)
    {
        int warm = Math.Max(32, 3 * season), n = length + warm;
        (double ar1, double ar2) = (0, 0);
        if (random.NextDouble() < 0.7)
        {
            // Stationary, from the two partial autocorrelations.
            double p1 = (1.8 * random.NextDouble()) - 0.85, p2 = random.NextDouble() < 0.5 ? (1.6 * random.NextDouble()) - 0.8 : 0;
            (ar1, ar2) = (p1 * (1 - p2), p2);
        }
        double ma = random.NextDouble() < 0.6 ? (1.7 * random.NextDouble()) - 0.9 : 0;
        bool seasonal = season > 1;
        double sar = seasonal && random.NextDouble() < 0.4 ? 0.95 * random.NextDouble() : 0, sma = seasonal && random.NextDouble() < 0.7 ? -0.9 * random.NextDouble() : 0;
        int d = random.NextDouble() switch { < 0.35 => 0, < 0.88 => 1, _ => 2 };
        bool seasonalSum = seasonal && random.NextDouble() < 0.7;
        if (d == 2 || (d == 1 && seasonalSum))
            ma = Math.Min(ma, -0.2);
        double tails = random.NextDouble() < 0.2 ? 4 : 0, drift = random.NextDouble() < 0.3 ? 0.2 * random.NextNormal() : 0;
        double[] e = new double[n], w = new double[n];
        for (int t = 0; t < n; t++)
            e[t] = Noise(ref random, tails);
        for (int t = 0; t < n; t++)
        {
            double z = Back(w, t, 1) * ar1 + Back(w, t, 2) * ar2 + sar * (Back(w, t, season) - (ar1 * Back(w, t, season + 1)) - (ar2 * Back(w, t, season + 2)));
            w[t] = z + e[t] + (ma * Back(e, t, 1)) + (sma * (Back(e, t, season) + (ma * Back(e, t, season + 1))));
        }
        if (seasonalSum)
        {
            double[] pattern = Pattern(season, ref random);
            double amplitude = Log(ref random, 0.5, 10);
            for (int t = 0; t < n; t++)
                w[t] += t < season ? amplitude * pattern[t] : w[t - season];
        }
        for (int i = 0; i < d; i++)
            for (int t = 1; t < n; t++)
                w[t] += w[t - 1] + (i == d - 1 ? drift : 0);
        return w[warm..];
    }

    // A Gaussian process through random cosines: smooth (RBF), rough (Matern-like tails of frequencies), periodic, or their sum.
    private static double[] Gaussian(int length, int season, ref RandomSource random)
    {
        var y = new double[length];
        int kernels = 1 + (int)random.NextInteger(3);
        for (int k = 0; k < kernels; k++)
        {
            double size = Log(ref random, 0.3, 2), scale = Log(ref random, 3, Math.Max(8, length)), tails = random.NextDouble() < 0.5 ? 3 : 0;
            bool periodic = season > 1 && random.NextDouble() < 0.5;
            const int cosines = 24;
            for (int c = 0; c < cosines; c++)
            {
                double omega = periodic ? 2 * Math.PI * (1 + random.NextInteger(Math.Min(6, Math.Max(1, season / 2)))) / season : Noise(ref random, tails) / scale;
                double phase = 2 * Math.PI * random.NextDouble(), amplitude = size * Math.Sqrt(2.0 / cosines);
                // A rotation for each step instead of a cosine.
                (double sin, double cos) = Math.SinCos(phase);
                (double ds, double dc) = Math.SinCos(omega);
                for (int t = 0; t < length; t++)
                {
                    y[t] += amplitude * cos;
                    (sin, cos) = ((sin * dc) + (cos * ds), (cos * dc) - (sin * ds));
                }
            }
        }
        double noise = random.NextDouble() < 0.7 ? Log(ref random, 0.01, 0.7) : 0;
        for (int t = 0; t < length; t++)
            y[t] += noise * random.NextNormal();
        return y;
    }

    // Trend + seasons + noise, each of a kind of its own.
    private static double[] Parts(int length, int season, ref RandomSource random)
    {
        double[] y = Trend(length, ref random);
        if (season > 1)
        {
            AddSeason(y, season, Log(ref random, 0.2, 4), ref random);
            if (season == 24 && random.NextDouble() < 0.6)
                AddSeason(y, 168, Log(ref random, 0.1, 2), ref random);
            else if (season == 7 && random.NextDouble() < 0.3)
                AddSeason(y, 365, Log(ref random, 0.1, 2), ref random);
            else if (random.NextDouble() < 0.08)
                AddSeason(y, season * (2 + (int)random.NextInteger(8)), Log(ref random, 0.1, 2), ref random);
        }
        AddNoise(y, season, Log(ref random, 0.02, 1.2), ref random);
        return y;
    }

    private static double[] Trend(int length, ref RandomSource random)
    {
        var y = new double[length];
        double size = Log(ref random, 0.2, 6), sign = random.NextDouble() < 0.65 ? 1 : -1;
        switch (random.NextInteger(7))
        {
            case 0:
                break;
            case 1:
                for (int t = 0; t < length; t++)
                    y[t] = sign * size * t / length;
                break;
            case 2: // straight lines between change points
                double slope = random.NextNormal() * size / length, level = 0, rate = 4.0 / length * random.NextDouble();
                for (int t = 0; t < length; t++)
                {
                    if (random.NextDouble() < rate)
                        slope = random.NextNormal() * size / length * 2;
                    y[t] = level += slope;
                }
                break;
            case 3: // saturation
                double middle = length * ((1.4 * random.NextDouble()) - 0.2), width = length * (0.03 + (0.2 * random.NextDouble()));
                for (int t = 0; t < length; t++)
                    y[t] = sign * size / (1 + Math.Exp((middle - t) / width));
                break;
            case 4: // random walk
                double step = size / Math.Sqrt(length);
                for (int t = 1; t < length; t++)
                    y[t] = y[t - 1] + (step * random.NextNormal());
                break;
            case 5: // a slope that wanders
                double change = size * Math.Pow(length, -1.5) * Log(ref random, 0.3, 2), s = random.NextNormal() * size / length;
                for (int t = 1; t < length; t++)
                    y[t] = y[t - 1] + (s += change * random.NextNormal());
                break;
            default: // growth that ebbs
                double damping = 1 - (Log(ref random, 0.5, 6) / length);
                double growth = sign * size / length * 3;
                for (int t = 1; t < length; t++)
                    y[t] = y[t - 1] + (growth *= damping);
                break;
        }
        return y;
    }

    private static void AddSeason(double[] y, int season, double amplitude, ref RandomSource random)
    {
        double[] pattern = Pattern(season, ref random), next = Pattern(season, ref random);
        // A season may drift from one shape to another, grow, fade, or follow the level.
        double drift = random.NextDouble() < 0.25 ? random.NextDouble() : 0, growth = random.NextDouble() < 0.2 ? 1.5 * random.NextNormal() : 0;
        double jitter = random.NextDouble() < 0.3 ? 0.3 * random.NextDouble() : 0, modulation = 1;
        bool follows = random.NextDouble() < 0.15;
        for (int t = 0; t < y.Length; t++)
        {
            double share = drift * t / y.Length;
            if (t % season == 0)
                modulation = 1 + (jitter * random.NextNormal());
            double shape = (pattern[t % season] * (1 - share)) + (next[t % season] * share);
            double factor = modulation * Math.Max(0, 1 + (growth * ((double)t / y.Length - 0.5)));
            y[t] += amplitude * shape * factor * (follows ? 1 + (0.3 * y[t]) : 1);
        }
    }

    /// <summary>One season of standard deviation 1 around 0: a few harmonics, free values, a peak, or working days.</summary>
    private static double[] Pattern(int season, ref RandomSource random)
    {
        if (season <= 1)
            return [0.0];
        var pattern = new double[season];
        switch (random.NextInteger(5))
        {
            case 0 or 1:
                int harmonics = 1 + (int)random.NextInteger(Math.Min(6, Math.Max(1, season / 2)));
                for (int k = 1; k <= harmonics; k++)
                {
                    (double a, double b) = (random.NextNormal() / k, random.NextNormal() / k);
                    for (int s = 0; s < season; s++)
                    {
                        (double sin, double cos) = Math.SinCos(2 * Math.PI * k * s / season);
                        pattern[s] += (a * sin) + (b * cos);
                    }
                }
                break;
            case 2:
                for (int s = 0; s < season; s++)
                    pattern[s] = random.NextNormal();
                break;
            case 3: // a few peaks of any width
                int peaks = 1 + (int)random.NextInteger(3);
                for (int p = 0; p < peaks; p++)
                {
                    double at = season * random.NextDouble(), width = Math.Max(0.4, season * 0.25 * random.NextDouble()), height = random.NextNormal();
                    for (int s = 0; s < season; s++)
                    {
                        double distance = Math.Abs(s - at);
                        distance = Math.Min(distance, season - distance) / width;
                        pattern[s] += height * Math.Exp(-0.5 * distance * distance);
                    }
                }
                break;
            default: // two levels: working days, opening hours, a heating period
                int from = (int)random.NextInteger(season), count = 1 + (int)random.NextInteger(Math.Max(1, season - 1));
                for (int s = 0; s < season; s++)
                    pattern[(from + s) % season] = (s < count ? 1 : 0) + (0.15 * random.NextNormal());
                break;
        }
        double mean = pattern.Average(), deviation = Math.Sqrt(pattern.Sum(p => (p - mean) * (p - mean)) / season) + 1e-9;
        for (int s = 0; s < season; s++)
            pattern[s] = (pattern[s] - mean) / deviation;
        return pattern;
    }

    private static void AddNoise(double[] y, int season, double size, ref RandomSource random)
    {
        double tails = random.NextDouble() < 0.25 ? 3 + (3 * random.NextDouble()) : 0;
        double memory = random.NextDouble() < 0.4 ? 0.95 * random.NextDouble() : 0, before = 0;
        double fresh = Math.Sqrt(1 - (memory * memory));
        int kind = (int)random.NextInteger(6);
        double growth = 1.2 * random.NextNormal(), volatility = 1;
        double[] pattern = kind == 1 ? Pattern(season, ref random) : [0.0];
        for (int t = 0; t < y.Length; t++)
        {
            double factor = kind switch
            {
                0 => Math.Exp(growth * ((double)t / y.Length - 0.5)),
                1 => Math.Exp(0.6 * pattern[t % pattern.Length]),
                2 => volatility,
                _ => 1,
            };
            before = (memory * before) + (fresh * Noise(ref random, tails));
            // Large changes follow large ones.
            volatility = Math.Sqrt(0.1 + (0.75 * volatility * volatility) + (0.15 * Math.Min(9, before * before)));
            y[t] += size * factor * before;
        }
    }

    private static void Mix(double[] y, double[] other, double share)
    {
        double a = Deviation(y), b = Deviation(other);
        for (int t = 0; t < y.Length; t++)
            y[t] = ((1 - share) * y[t] / a) + (share * other[t] / b);
    }

    // The slope changes once or twice: what grew for years may stop tomorrow.
    private static void Turn(double[] y, ref RandomSource random)
    {
        double deviation = Deviation(y);
        for (int turns = 1 + (int)random.NextInteger(2); turns > 0; turns--)
        {
            int at = (int)random.NextInteger(y.Length);
            double slope = deviation * random.NextNormal() * Log(ref random, 0.3, 6) / y.Length;
            for (int t = at; t < y.Length; t++)
                y[t] += slope * (t - at);
        }
    }

    // exp of the series at a moderate range: growth by rates, seasons that multiply.
    private static void Exponentiate(double[] y, ref RandomSource random)
    {
        double range = Log(ref random, 0.05, 0.9) / Deviation(y), mean = y.Average(), scale = Log(ref random, 1, 1e5);
        for (int t = 0; t < y.Length; t++)
            y[t] = scale * Math.Exp(Math.Clamp(range * (y[t] - mean), -6, 6));
    }

    private static void Shift(double[] y, ref RandomSource random)
    {
        double deviation = Deviation(y), least = y.Min();
        double level = random.NextDouble() switch
        {
            < 0.2 => 0,
            < 0.75 => -least + (deviation * Log(ref random, 0.05, 20)),
            _ => deviation * 5 * random.NextNormal(),
        };
        for (int t = 0; t < y.Length; t++)
            y[t] += level;
    }

    private static void Happen(double[] y, int season, ref RandomSource random)
    {
        int n = y.Length;
        double deviation = Deviation(y);
        if (random.NextDouble() < 0.08)
            for (int shifts = 1 + (int)random.NextInteger(2); shifts > 0; shifts--)
            {
                double by = 1.5 * deviation * random.NextNormal();
                for (int t = (int)random.NextInteger(n); t < n; t++)
                    y[t] += by;
            }
        if (random.NextDouble() < 0.10)
        {
            double rate = Log(ref random, 0.002, 0.03);
            for (int t = 0; t < n; t++)
                if (random.NextDouble() < rate)
                    y[t] += 4 * deviation * random.NextNormal();
        }
        if (random.NextDouble() < 0.06)
            Demand(y, ref random);
        else if (random.NextDouble() < 0.08)
        {
            // Counts around the series, or the series in whole units.
            double least = y.Min(), mean = Log(ref random, 0.3, 40), level = y.Average() - least + 1e-9;
            for (int t = 0; t < n; t++)
                y[t] = Poisson(Math.Min(500, mean * (y[t] - least) / level), ref random);
        }
        else if (random.NextDouble() < 0.1)
        {
            double unit = deviation / Log(ref random, 2, 50);
            for (int t = 0; t < n; t++)
                y[t] = Math.Round(y[t] / unit) * unit;
        }
        if (random.NextDouble() < 0.06)
        {
            double least = y.Average() - (deviation * random.NextDouble());
            for (int t = 0; t < n; t++)
                y[t] = Math.Max(y[t], least);
        }
        if (random.NextDouble() < 0.12)
            Lose(y, season, ref random);
    }

    // Rare demand: mostly 0, now and then an amount.
    private static void Demand(double[] y, ref RandomSource random)
    {
        double rate = Log(ref random, 0.05, 0.6), spread = random.NextDouble(), mean = Log(ref random, 0.5, 20), least = y.Min(), level = y.Average() - least + 1e-9;
        for (int t = 0; t < y.Length; t++)
        {
            double chance = Math.Min(1, rate * (y[t] - least) / level);
            y[t] = random.NextDouble() < chance ? Math.Ceiling(mean * Math.Exp(spread * random.NextNormal())) : 0;
        }
    }

    private static void Lose(double[] y, int season, ref RandomSource random)
    {
        double rate = random.NextDouble() < 0.5 ? Log(ref random, 0.01, 0.3) : 0;
        for (int t = 0; t < y.Length; t++)
            if (random.NextDouble() < rate)
                y[t] = double.NaN;
        for (int stretches = (int)random.NextInteger(3); stretches > 0; stretches--)
        {
            int from = (int)random.NextInteger(y.Length), count = (int)random.NextInteger(Math.Max(2, Math.Min(y.Length / 4, 3 * season + 12)));
            y.AsSpan(from, Math.Min(count, y.Length - from)).Fill(double.NaN);
        }
    }

    private static double Deviation(double[] y)
    {
        double mean = y.Average();
        return Math.Sqrt(y.Sum(v => (v - mean) * (v - mean)) / y.Length) + 1e-9;
    }

    private static double Back(double[] x, int t, int lag) => t >= lag ? x[t - lag] : 0;

    private static double Skewed(ref RandomSource random)
    {
        double x = random.NextDouble();
        return random.NextDouble() < 0.5 ? x * x : x;
    }

    private static double Log(ref RandomSource random, double from, double to) => from * Math.Pow(to / from, random.NextDouble());

    /// <summary>Standard normal or, with <paramref name="tails"/> degrees of freedom, Student's t of about that size.</summary>
    private static double Noise(ref RandomSource random, double tails)
    {
        double z = random.NextNormal();
        if (tails == 0)
            return z;
        double squares = 0;
        for (int i = 0; i < (int)tails; i++)
        {
            double g = random.NextNormal();
            squares += g * g;
        }
        return z / Math.Sqrt(Math.Max(squares / (int)tails, 0.05)) * 0.8;
    }

    private static double Poisson(double mean, ref RandomSource random)
    {
        if (mean > 40)
            return Math.Max(0, Math.Round(mean + (Math.Sqrt(mean) * random.NextNormal())));
        double limit = Math.Exp(-mean), product = random.NextDouble();
        int count = 0;
        while (product > limit)
        {
            product *= random.NextDouble();
            count++;
        }
        return count;
    }
}
