namespace XLstm.Experiments;

/// <summary>A claim about models that anybody can check: what they learn, in which sizes, and which of them are compared.</summary>
public sealed class Experiment
{
    internal Experiment(string name, string shows, string source, string? chomskyClass, ExperimentSetting published, ExperimentSetting laptop, Func<ExperimentSetting, IExperimentTask> task, params IReadOnlyList<string> models)
    {
        (Name, Shows, Source, ChomskyClass, Published, Laptop, Task, Models) = (name, shows, source, chomskyClass, published, laptop, task, models);
    }

    /// <summary>Every experiment there is.</summary>
    public static IReadOnlyList<Experiment> All => ExperimentCatalog.All;

    /// <summary>As the command line has it: "parity".</summary>
    public string Name { get; }

    /// <summary>What it asks of a model, in a sentence.</summary>
    public string Shows { get; }

    /// <summary>Who published it, and where.</summary>
    public string Source { get; }

    /// <summary>Of a formal language; null for other tasks.</summary>
    public string? ChomskyClass { get; }

    /// <summary>As it was published, as far as that is known.</summary>
    public ExperimentSetting Published { get; }

    /// <summary>What two processor cores finish within an hour.</summary>
    public ExperimentSetting Laptop { get; }

    /// <summary>The models that are compared unless others are asked for.</summary>
    public IReadOnlyList<string> Models { get; }

    internal Func<ExperimentSetting, IExperimentTask> Task { get; }

    /// <summary>The experiment of this name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static Experiment Find(string name) =>
        All.FirstOrDefault(e => string.Equals(e.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"{name} is no experiment; there are {string.Join(", ", All.Select(e => e.Name))}.", nameof(name));
}
