using System.Text.RegularExpressions;

namespace TwinGrid.Tests.Tidy;

public sealed partial class PackageTests
{
    private const string Versions = "Directory.Packages.props";

    [Fact]
    public void Every_package_that_has_a_version_is_used()
    {
        string projects = string.Concat(Repository.Files
            .Where(path => path.EndsWith(".csproj", StringComparison.Ordinal) || path == "Directory.Build.props")
            .Select(Repository.Read));

        // A package that no project names is pinned for others that need it: its group's comment says so.
        IEnumerable<string> pinned = Groups()
            .Where(group => group.Comment.Contains("pinned", StringComparison.Ordinal))
            .SelectMany(group => group.Packages);
        Assert.DoesNotContain(
            Groups().SelectMany(group => group.Packages).Except(pinned),
            package => !projects.Contains($"\"{package}\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_group_of_packages_says_what_it_is_for() =>
        Assert.All(Groups(), group => Assert.NotEqual("", group.Comment));

    private static List<(string Comment, List<string> Packages)> Groups()
    {
        List<(string Comment, List<string> Packages)> groups = [];
        string comment = "";
        foreach (string line in Repository.Read(Versions).Split('\n'))
        {
            if (Comment().Match(line) is { Success: true } said)
            {
                comment = said.Groups[1].Value;
                groups.Add((comment, []));
            }
            else if (Package().Match(line) is { Success: true } package)
            {
                if (groups.Count == 0)
                {
                    groups.Add(("", []));
                }

                groups[^1].Packages.Add(package.Groups[1].Value);
            }
        }

        return groups;
    }

    [GeneratedRegex(@"<!--\s*(.+?)\s*-->")]
    private static partial Regex Comment();

    [GeneratedRegex("<PackageVersion Include=\"([^\"]+)\"")]
    private static partial Regex Package();
}
