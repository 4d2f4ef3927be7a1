namespace XLstm.Experiments;

/// <summary>A claim about models that anybody can check: what they learn, in which sizes, and which of them are compared.</summary>
public sealed class Experiment
{
    private readonly Func<ExperimentSetting, string?, IExperimentTask> _task;

    internal Experiment(string name, string shows, string source, string? chomskyClass, ExperimentSetting? published, ExperimentSetting laptop, Func<ExperimentSetting, string?, IExperimentTask> task, string? data, params IReadOnlyList<string> models)
    {
        (Name, Shows, Source, ChomskyClass, Published, Laptop, _task, Data, Models) = (name, shows, source, chomskyClass, published, laptop, task, data, models);
    }

    /// <summary>An experiment of your own, beside those of <see cref="All"/>: the same models, runs and results.</summary>
    /// <param name="name">What results call it.</param>
    /// <param name="shows">What it asks of a model, in a sentence.</param>
    /// <param name="language">What is learned.</param>
    /// <param name="setting">Sizes and rates; null for those that the formal languages of the paper have on a laptop.</param>
    /// <exception cref="ArgumentException">The name is empty, the setting cannot be, or the language has no tokens, classes, version or lengths.</exception>
    public Experiment(string name, string shows, FormalLanguage language, ExperimentSetting? setting = null)
        : this(name, shows, "", null, null, setting ?? ExperimentCatalog.Laptop, (sizes, _) => new FormalTask(language, sizes), null, ExperimentCatalog.Models)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(shows);
        ArgumentNullException.ThrowIfNull(language);
        Laptop.Validate();
        if (string.IsNullOrWhiteSpace(language.Version) || language.Vocabulary < 1 || language.Classes < 1 || language.ShortestLength < 1 || !(language.RandomAccuracy is >= 0 and < 1))
            throw new ArgumentException(
                $"The language \"{language.Version}\" has {language.Vocabulary} tokens, {language.Classes} classes, a shortest length of {language.ShortestLength} and a random accuracy of {language.RandomAccuracy}: expected a version, 1 or more, 1 or more, 1 or more, and 0 to less than 1.", nameof(language));
    }

    /// <summary>Every experiment of the catalog.</summary>
    public static IReadOnlyList<Experiment> All => ExperimentCatalog.All;

    /// <summary>As the command line has it: "parity".</summary>
    public string Name { get; }

    /// <summary>What it asks of a model, in a sentence.</summary>
    public string Shows { get; }

    /// <summary>Who published it, and where; empty for one of your own.</summary>
    public string Source { get; }

    /// <summary>Of a formal language; null for other tasks.</summary>
    public string? ChomskyClass { get; }

    /// <summary>As it was published, as far as that is known; null where it was published with models or texts that are none for a laptop.</summary>
    public ExperimentSetting? Published { get; }

    /// <summary>What two processor cores finish within an hour.</summary>
    public ExperimentSetting Laptop { get; }

    /// <summary>The models that are compared unless others are asked for.</summary>
    public IReadOnlyList<string> Models { get; }

    /// <summary>What has to be given to it, and where that is found; null where it generates what it learns from.</summary>
    public string? Data { get; }

    /// <summary>Checks that there is such a model, and that it can be made.</summary>
    /// <exception cref="ArgumentException">There is none of this name, or of this size.</exception>
    public static void CheckModel(string model, ExperimentSetting setting) => ExperimentModels.Check(model, setting);

    internal IExperimentTask Task(ExperimentSetting setting, string? data) => (Data, string.IsNullOrEmpty(data) ? null : data) switch
    {
        (null, not null) => throw new ArgumentException($"{Name} generates its data and reads none.", nameof(data)),
        (not null, null) => throw new ArgumentException($"{Name} needs data: {Data}.", nameof(data)),
        _ => _task(setting, data),
    };

    /// <summary>The experiment of this name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static Experiment Find(string name) =>
        All.FirstOrDefault(e => string.Equals(e.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"{name} is no experiment; there are {string.Join(", ", All.Select(e => e.Name))}.", nameof(name));
}
