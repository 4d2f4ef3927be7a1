using System.Reflection;

namespace XLstm.Forecasting;

/// <summary>How to forecast.</summary>
/// <param name="Season">
/// Steps after which the series repeats: 12 for months, 24 for hours, 1 for none. Null: look for it in each series.
/// TiRex takes no notice of it.
/// </param>
/// <param name="AcceleratedPatches">For TiRex: patches that one window forecasts, see <see cref="TiRexForecaster"/>.</param>
/// <param name="Threads">0 for one per processor; results do not depend on it.</param>
public sealed record ForecastOptions(int? Season = null, int AcceleratedPatches = 1, int Threads = 0);

/// <summary>
/// Forecasts series it has never seen: a trained model, ready to use. Immutable and thread-safe. Missing values are NaN,
/// infinities count as missing; the same series gives the same forecast, alone or among others, with any number of threads.
/// </summary>
public sealed class Forecaster : IForecaster
{
    private static readonly Lazy<Forecaster> s_default = new(() => new Forecaster(new PatchForecaster(ForecasterFile.Read(Embedded()))));

    private readonly Func<ForecastOptions, IForecaster> _create;
    private readonly IForecaster _forecaster;

    internal Forecaster(PatchForecaster forecaster) : this(options => new PatchForecaster(forecaster.Network, options.Threads) { Season = options.Season ?? 0 })
    {
    }

    private Forecaster(Func<ForecastOptions, IForecaster> create, ForecastOptions? options = null)
    {
        options ??= new ForecastOptions();
        if (options.Season is < 1)
            throw new ArgumentOutOfRangeException(nameof(options), options.Season, $"Season is {options.Season}, expected 1 or more.");
        (_create, _forecaster) = (create, create(options));
    }

    /// <summary>The model in the package, trained by this project on generated series only.</summary>
    public static Forecaster Default => s_default.Value;

    /// <inheritdoc/>
    public string Name => _forecaster.Name;

    /// <summary>
    /// Reads a forecaster: one of this library (.safetensors, or the directory of its training), or TiRex as its authors save it (.ckpt), or its tensors
    /// as safetensors beside a config.json with the "model_config" of such a file.
    /// </summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, or none of these.</exception>
    public static Forecaster Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string own = Path.Combine(path, ForecasterRun.WeightsFile);
        if (Directory.Exists(path) && File.Exists(own))
            path = own;
        if (!Directory.Exists(path) && !File.Exists(path))
            throw new CheckpointException(path, "the file", "a forecaster", "nothing");
        if (path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            SafetensorsFile file = SafetensorsFile.Open(path);
            if (ForecasterFile.Is(file))
                return new Forecaster(new PatchForecaster(ForecasterFile.Read(file)));
            file.Dispose();
        }
        TiRexModel model = TiRexFile.Read(path);
        return new Forecaster(options => new TiRexForecaster(model, options.AcceleratedPatches, options.Threads));
    }

    /// <summary>The same model with other options.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public Forecaster With(ForecastOptions options) => new(_create, options);

    /// <summary>The forecast of one series.</summary>
    /// <param name="series">Values in order of time, NaN where one is missing.</param>
    /// <param name="horizon">Steps to forecast, at least 1.</param>
    /// <param name="season">Steps after which the series repeats, or null to look for it.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ArgumentOutOfRangeException">The horizon or the season is less than 1.</exception>
    public Forecast Forecast(IReadOnlyList<double> series, int horizon, int? season = null, CancellationToken cancellation = default)
    {
        IForecaster forecaster = season is null ? _forecaster : With(new ForecastOptions(season))._forecaster;
        return forecaster.Forecast([[.. series]], horizon, cancellation)[0];
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The horizon is less than 1.</exception>
    public IReadOnlyList<Forecast> Forecast(IReadOnlyList<double[]> series, int horizon, CancellationToken cancellation = default) =>
        _forecaster.Forecast(series, horizon, cancellation);

    private static SafetensorsFile Embedded()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("forecaster.safetensors")
            ?? throw new InvalidOperationException("This build has no forecaster inside.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return SafetensorsFile.Of("the forecaster in the package", bytes);
    }
}
