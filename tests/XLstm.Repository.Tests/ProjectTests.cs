using System.Xml.Linq;

namespace XLstm.Repository.Tests;

public sealed class ProjectTests
{
    // From the bottom up: a project may refer to those before it only.
    private static readonly string[] s_layers = ["XLstm.Kernels", "XLstm", "XLstm.Training", "XLstm.Forecasting", "XLstm.Classification", "XLstm.Experiments", "XLstm.Extensions.AI", "XLstm.Extensions.ML", "XLstm.Cli"];

    public static TheoryData<string> Sources => new(RepositoryFiles.Below("src/", ".csproj"));

    [Theory]
    [MemberData(nameof(Sources))]
    public void References_point_downwards(string project)
    {
        int layer = Array.IndexOf(s_layers, Path.GetFileNameWithoutExtension(project));
        Assert.True(layer >= 0, $"{project} has no place among the layers {string.Join(", ", s_layers)}.");
        Assert.All(Items(project, "ProjectReference"), reference =>
            Assert.Contains(Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!), s_layers[..layer]));
    }

    [Fact]
    public void Kernels_depend_on_no_package() => Assert.All(
        Items("src/XLstm.Kernels/XLstm.Kernels.csproj", "PackageReference"),
        package => Assert.Equal("all", (string?)package.Attribute("PrivateAssets")));

    [Fact]
    public void The_solution_has_every_project()
    {
        IEnumerable<string> projects = RepositoryFiles.Below("", ".csproj");
        IEnumerable<string> solution = XDocument.Parse(RepositoryFiles.Read("XLstm.slnx")).Descendants("Project").Select(p => (string)p.Attribute("Path")!);
        Assert.Empty(projects.Except(solution, StringComparer.Ordinal));
    }

    private static IEnumerable<XElement> Items(string project, string name) => XDocument.Parse(RepositoryFiles.Read(project)).Descendants(name);
}
