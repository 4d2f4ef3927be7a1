using System.Reflection;
using XLstm.Training;

namespace XLstm.Forecasting;

/// <summary>How to forecast.</summary>
/// <param name="Season">
/// Steps after which the series repeats: 12 for months, 24 for hours, 1 for none. Null: look for it in each series.
/// TiRex takes no notice of it.
/// </param>
/// <param name="AcceleratedPatches">For TiRex: patches that one window forecasts, see <see cref="TiRexForecaster"/>.</param>
/// <param name="Threads">0 for one per processor; results do not depend on it.</param>
/// <param name="ResampleFrequency">For TiRex: see <see cref="TiRexForecaster.ResampleFrequency"/>.</param>
public sealed record ForecastOptions(int? Season = null, int AcceleratedPatches = 1, int Threads = 0, bool ResampleFrequency = false);

/// <summary>
/// Forecasts series it has never seen: a trained model, ready to use. Immutable and thread-safe. Missing values are NaN,
/// infinities count as missing; the same series gives the same forecast, to the bit with any number of threads, up to the rounding of float alone or
/// among others.
/// </summary>
public sealed class Forecaster : IForecaster
{
    private static readonly Lazy<Forecaster> s_default = new(() => new Forecaster(new PatchForecaster(ForecasterFile.Read(Embedded()))));

    private readonly Func<ForecastOptions, IForecaster> _create;
    private readonly IForecaster _forecaster;
    private readonly ForecastOptions _options;

    internal Forecaster(PatchForecaster forecaster) : this(options => forecaster.With(options.Threads, options.Season ?? 0))
    {
    }

    private Forecaster(Func<ForecastOptions, IForecaster> create, ForecastOptions? options = null)
    {
        options ??= new ForecastOptions();
        if (options.Season is < 1)
            throw new ArgumentOutOfRangeException(nameof(options), options.Season, $"Season is {options.Season}, expected 1 or more.");
        (_create, _options, _forecaster) = (create, options, create(options));
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
            throw new CheckpointException(path, "the file", "a forecaster", "no such file or directory");
        if (path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            SafetensorsFile file = SafetensorsFile.Open(path);
            if (ForecasterFile.Is(file))
                return new Forecaster(new PatchForecaster(ForecasterFile.Read(file)));
            file.Dispose();
        }
        TiRexModel model = TiRexFile.Read(path).Arranged();
        return new Forecaster(options => new TiRexForecaster(model, options.AcceleratedPatches, options.Threads, options.ResampleFrequency));
    }

    /// <summary>Writes the model as one file that <see cref="Load"/> reads: a .safetensors. Options are no part of it.</summary>
    /// <exception cref="NotSupportedException">This is TiRex: the file that it came from is the one to keep.</exception>
    /// <exception cref="IOException">The file cannot be written; the message names it.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        PatchNetwork network = (_forecaster as PatchForecaster)?.Network
            ?? throw new NotSupportedException($"{Name} is not written by this library: the file that it came from is the one to keep.");
        ForecasterFile.Write(path, network);
    }

    /// <summary>The season that the model in the package finds in a series where it is not told: steps after which it repeats, 1 for none.</summary>
    /// <param name="series">Values in order of time, NaN where one is missing.</param>
    public static int FindSeason(IReadOnlyList<double> series)
    {
        ArgumentNullException.ThrowIfNull(series);
        return SeriesScale.Of(PatchRun.Context([.. series], PatchForecaster.MostContext(new PatchNetworkConfig().Patch)), 0).Season;
    }

    /// <summary>The same model with other options.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public Forecaster With(ForecastOptions options) => new(_create, options);

    /// <summary>
    /// A forecaster that has learned from given series, starting from this one: <see cref="ForecasterRun"/> with the best weights by the loss on the
    /// last parts of the series, which it does not train on. Where nothing it tries is better than this one, it forecasts as this one does.
    /// </summary>
    /// <param name="series">Values in order of time, NaN where one is missing; of any lengths.</param>
    /// <param name="options">What it computes; null for <see cref="ForecasterRunOptions.FineTuning"/>.</param>
    /// <param name="stepped">Is told after every step, or null.</param>
    /// <param name="threads">0 for one per processor; results do not depend on it.</param>
    /// <param name="cancellation">Stops the work; nothing is kept then.</param>
    /// <exception cref="ArgumentException">An option is out of range, or there is nothing to learn from in the series.</exception>
    /// <exception cref="NotSupportedException">This is TiRex: only forecasters of this library are trained.</exception>
    public Forecaster Fit(
        IReadOnlyList<double[]> series, ForecasterRunOptions? options = null, Action<RunProgress>? stepped = null, int threads = 0, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(series);
        string directory = Directory.CreateTempSubdirectory("xlstm-fit").FullName;
        try
        {
            using ForecasterRun run = ForecasterRun.Create(directory, options ?? ForecasterRunOptions.FineTuning, series, this, threads);
            run.Train(stepped, cancellation);
            return run.Forecaster();
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>The forecast of one series.</summary>
    /// <param name="series">Values in order of time, NaN where one is missing.</param>
    /// <param name="horizon">Steps to forecast, at least 1.</param>
    /// <param name="season">Steps after which the series repeats, or null to look for it.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ArgumentOutOfRangeException">The horizon or the season is less than 1.</exception>
    public Forecast Forecast(IReadOnlyList<double> series, int horizon, int? season = null, CancellationToken cancellation = default) =>
        For(season).Forecast([[.. series]], horizon, cancellation)[0];

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The horizon is less than 1.</exception>
    public IReadOnlyList<Forecast> Forecast(IReadOnlyList<double[]> series, int horizon, CancellationToken cancellation = default) =>
        _forecaster.Forecast(series, horizon, cancellation);

    /// <summary>A session that starts with these values and takes more as they come.</summary>
    /// <param name="history">Values in order of time, NaN where one is missing; null or none is a start, too.</param>
    /// <param name="season">Steps after which the series repeats, or null to look for it.</param>
    /// <exception cref="ArgumentOutOfRangeException">The season is less than 1.</exception>
    public ForecastSession OpenSession(IReadOnlyList<double>? history = null, int? season = null) =>
        new((IPatchModel)For(season), history ?? []);

    /// <summary>
    /// One vector for each series, for classifiers, clusters and searches: what every block of the network makes of its patches, averaged
    /// (<see cref="SeriesEmbedding"/>). They do not depend on the unit of a series.
    /// </summary>
    /// <param name="series">Values in order of time, NaN where one is missing; of any lengths.</param>
    /// <param name="cancellation">Stops the work.</param>
    public IReadOnlyList<float[]> Embed(IReadOnlyList<double[]> series, CancellationToken cancellation = default) =>
        ((IPatchModel)_forecaster).Embed(series, cancellation);

    internal PatchNetwork TrainedNetwork() => (_forecaster as PatchForecaster)?.Network
        ?? throw new NotSupportedException($"{Name} cannot be trained here; expected a forecaster of this library.");

    private IForecaster For(int? season)
    {
        if (season is < 1)
            throw new ArgumentOutOfRangeException(nameof(season), season, $"Season is {season}, expected 1 or more.");
        return season is null || _forecaster is not PatchForecaster ? _forecaster : _create(_options with { Season = season });
    }

    private static SafetensorsFile Embedded()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("forecaster.safetensors")
            ?? throw new InvalidOperationException("This build has no forecaster inside.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return SafetensorsFile.Of("the forecaster in the package", bytes);
    }
}
