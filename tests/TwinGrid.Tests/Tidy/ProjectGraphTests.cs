using System.Xml.Linq;

namespace TwinGrid.Tests.Tidy;

/// <summary>The arrows between projects: an arrow that does not stand here is a decision, not an accident.</summary>
public sealed class ProjectGraphTests
{
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["TwinGrid.Abstractions"] = [],
        ["TwinGrid.Dtdl"] = ["TwinGrid.Abstractions"],
        ["TwinGrid.Models"] = ["TwinGrid.Abstractions"],
        ["TwinGrid.Models.Onnx"] = ["TwinGrid.Abstractions"],
        ["TwinGrid.Twins"] = ["TwinGrid.Abstractions"],
        ["TwinGrid.Storage"] = ["TwinGrid.Abstractions"],
        ["TwinGrid.MqttGateway"] = ["TwinGrid.Abstractions"],
        ["TwinGrid.Client"] = ["TwinGrid.Abstractions"],
        ["TwinGrid.Hosting"] =
        [
            "TwinGrid.Abstractions", "TwinGrid.Dtdl", "TwinGrid.Models", "TwinGrid.MqttGateway", "TwinGrid.Storage",
            "TwinGrid.Twins",
        ],
        ["TwinGrid.Silo"] = ["TwinGrid.Hosting"],
    };

    // What is pure stays pure: no silo, no server, no database.
    private static readonly string[] Pure = ["TwinGrid.Dtdl", "TwinGrid.Models", "TwinGrid.Models.Onnx"];

    [Fact]
    public void Projects_in_src_reference_only_what_the_house_allows()
    {
        Dictionary<string, string[]> found = Projects("src").ToDictionary(Name, References);

        Assert.Equal(Arrows.Keys.Order(), found.Keys.Order());
        Assert.All(found, project => Assert.Empty(project.Value.Except(Arrows[project.Key])));
    }

    [Fact]
    public void Models_and_kinds_run_without_a_silo() => Assert.Empty(
        from project in Projects("src")
        where Pure.Contains(Name(project))
        from package in Elements(project, "PackageReference")
        where package.StartsWith("Microsoft.Orleans", StringComparison.Ordinal)
        select $"{project}: {package}");

    [Fact]
    public void A_project_bears_the_name_of_its_folder_and_stands_in_the_solution()
    {
        string solution = Repository.Read("TwinGrid.sln");

        Assert.All(Projects(), project =>
        {
            Assert.Equal(Path.GetFileName(Path.GetDirectoryName(project)), Name(project));
            Assert.Contains(project.Replace('/', '\\'), solution, StringComparison.Ordinal);
        });
    }

    private static IEnumerable<string> Projects(string folder = "") => Repository.Files
        .Where(path => path.StartsWith(folder, StringComparison.Ordinal))
        .Where(path => path.EndsWith(".csproj", StringComparison.Ordinal));

    private static string Name(string project) => Path.GetFileNameWithoutExtension(project);

    private static string[] References(string project) =>
        [.. Elements(project, "ProjectReference").Select(path => Name(path.Replace('\\', '/')))];

    private static IEnumerable<string> Elements(string project, string element) =>
        XDocument.Parse(Repository.Read(project)).Descendants(element).Select(e => e.Attribute("Include")!.Value);
}
