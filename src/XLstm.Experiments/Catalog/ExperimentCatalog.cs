namespace XLstm.Experiments;

/// <summary>Every experiment, its sizes and what it is compared on.</summary>
internal static class ExperimentCatalog
{
    private const string Paper = "arXiv 2405.04517, section 4.1, figure 4, and appendix";

    private static readonly ExperimentSetting s_published = new("published", 100_000);
    private static readonly ExperimentSetting s_laptop = new("laptop", 4_000, LearningRate: 3e-3);

    public static IReadOnlyList<Experiment> All { get; } =
    [
        Language("parity", "whether the number of b in a string of a and b is even", "regular", new Parity()),
    ];

    private static Experiment Language(string name, string shows, string chomskyClass, FormalLanguage language) =>
        new(name, shows, Paper, chomskyClass, s_published, s_laptop, (setting, _) => new FormalTask(language, setting), null, "0:1", "1:0", "1:1");
}
