using Microsoft.ML;
using Microsoft.ML.Runtime;
using XLstm.Forecasting;

namespace XLstm.Extensions.ML;

/// <summary>xLSTM where users of ML.NET look for it.</summary>
public static class XLstmCatalog
{
    /// <summary>
    /// Lets <c>mlContext.Model.Load</c> read pipelines with the transformers of this library. Every context that loads one needs this once; one
    /// that has made such a pipeline knows already.
    /// </summary>
    /// <returns>The same context.</returns>
    public static MLContext RegisterXLstm(this MLContext mlContext)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        ModelStore.Register(mlContext.ComponentCatalog);
        return mlContext;
    }

    /// <summary>
    /// Forecasts series: the medians of the next <paramref name="horizon"/> steps as a vector, more with <paramref name="options"/>. A column of vectors has one
    /// series in each row; a column of numbers is one series in the order of the rows, with a forecast from each row on. Values that are NaN are missing.
    /// </summary>
    /// <param name="catalog"><c>mlContext.Forecasting</c>.</param>
    /// <param name="outputColumnName">Name of the column of the medians, vectors of <paramref name="horizon"/> Singles.</param>
    /// <param name="inputColumnName">Name of the column that is read: Single or Double, or vectors of them of known or variable length.</param>
    /// <param name="horizon">Steps to forecast, at least 1.</param>
    /// <param name="options">Intervals, quantiles, which model, season, fine-tuning; null for the model in the package as it is.</param>
    /// <exception cref="ArgumentException">A name is empty or given twice, or a number is out of range.</exception>
    public static XLstmForecastEstimator ForecastByXLstm(
        this ForecastingCatalog catalog, string outputColumnName, string inputColumnName, int horizon, XLstmForecastOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new XLstmForecastEstimator(Registered(MLInternals.Environment(catalog)), outputColumnName, inputColumnName, horizon, options ?? new XLstmForecastOptions());
    }

    /// <summary>
    /// Makes features of series, one vector for each, with what a forecaster has learned about series of all kinds (<see cref="Forecaster.Embed"/>). Any trainer
    /// of ML.NET can follow. They do not depend on the unit of a series.
    /// </summary>
    /// <param name="catalog"><c>mlContext.Transforms</c>.</param>
    /// <param name="outputColumnName">Name of the column of the vectors of Singles.</param>
    /// <param name="inputColumnName">Name of the column that is read: vectors of Single or Double, of known or variable length, one series a row; NaN is a missing value.</param>
    /// <param name="forecaster">The model; null for <see cref="Forecaster.Default"/>.</param>
    /// <param name="threads">0 for one per processor; results do not depend on it.</param>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    public static XLstmEmbeddingEstimator EmbedByXLstm(
        this TransformsCatalog catalog, string outputColumnName, string inputColumnName, Forecaster? forecaster = null, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new XLstmEmbeddingEstimator(Registered(MLInternals.Environment(catalog)), outputColumnName, inputColumnName, forecaster, threads);
    }

    /// <summary>
    /// Trains a classifier of series: one series a row, of any lengths, NaN where a value is missing. It adds PredictedLabel, of the type of the labels, and Score, the
    /// probability of each class with its name as that of the slot.
    /// </summary>
    /// <param name="trainers"><c>mlContext.MulticlassClassification.Trainers</c>.</param>
    /// <param name="labelColumnName">Name of the column of the labels: text, a boolean, a number, or a key, as <c>mlContext.MulticlassClassification.Evaluate</c> needs it.</param>
    /// <param name="featureColumnName">Name of the column of the series: vectors of Single or Double, of known or variable length.</param>
    /// <param name="options">Training, channels, names; null for the defaults.</param>
    /// <exception cref="ArgumentException">A name is empty or given twice, or a number is out of range.</exception>
    public static XLstmClassificationEstimator XLstm(
        this MulticlassClassificationCatalog.MulticlassClassificationTrainers trainers, string labelColumnName = "Label", string featureColumnName = "Features", XLstmSequenceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(trainers);
        return new XLstmClassificationEstimator(Registered(MLInternals.Environment(trainers)), labelColumnName, featureColumnName, options ?? new XLstmSequenceOptions());
    }

    /// <summary>Trains a regressor of series: one series a row, of any lengths, NaN where a value is missing. It adds Score, the number that it tells.</summary>
    /// <param name="trainers"><c>mlContext.Regression.Trainers</c>.</param>
    /// <param name="labelColumnName">Name of the column of the numbers: Single or Double.</param>
    /// <param name="featureColumnName">Name of the column of the series: vectors of Single or Double, of known or variable length.</param>
    /// <param name="options">Training, channels, names; null for the defaults.</param>
    /// <exception cref="ArgumentException">A name is empty, or a number is out of range.</exception>
    public static XLstmRegressionEstimator XLstm(
        this RegressionCatalog.RegressionTrainers trainers, string labelColumnName = "Label", string featureColumnName = "Features", XLstmSequenceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(trainers);
        return new XLstmRegressionEstimator(Registered(MLInternals.Environment(trainers)), labelColumnName, featureColumnName, options ?? new XLstmSequenceOptions());
    }

    private static IHostEnvironment Registered(IHostEnvironment environment)
    {
        ModelStore.Register(environment.ComponentCatalog);
        return environment;
    }
}
