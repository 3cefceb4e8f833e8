using System.Text.RegularExpressions;

namespace TwinGrid.Tests.Tidy;

/// <summary>The files of the repository that these tests run from, without what builds and runs leave behind.</summary>
internal static partial class Repository
{
    private static readonly string[] LeftBehind =
        ["bin", "obj", ".git", ".vs", ".idea", "artifacts", "TestResults", "twingrid-data", "node_modules"];

    /// <summary>The folder that holds TwinGrid.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Paths of all files, relative to the root, with forward slashes.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Walk(Root).Order(StringComparer.Ordinal)];

    /// <summary>The C# files below a folder of the root.</summary>
    public static IEnumerable<string> CSharp(params string[] folders) => Files.Where(
        path => path.EndsWith(".cs", StringComparison.Ordinal)
            && (folders.Length == 0 || folders.Any(folder => path.StartsWith(folder + "/", StringComparison.Ordinal))));

    /// <summary>The text of a file.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path)).Replace("\r\n", "\n");

    /// <summary>The code of a C# file without comments, strings and characters; lines stay where they are.</summary>
    public static string ReadCode(string path) => CSharpText.WithoutTexts(Read(path));

    /// <summary>The names of the types that the projects of src declare, without nested ones.</summary>
    public static IReadOnlySet<string> TypeNames { get; } = CSharp("src")
        .SelectMany(path => TypeDeclaration().Matches(ReadCode(path)).Select(match => match.Groups[1].Value))
        .ToHashSet(StringComparer.Ordinal);

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "TwinGrid.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName
            ?? throw new InvalidOperationException($"no TwinGrid.sln above {AppContext.BaseDirectory}");
    }

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            // The .git of a linked work tree is a file, and says where this machine keeps it.
            if (Path.GetFileName(file) != ".git")
            {
                yield return Path.GetRelativePath(Root, file).Replace('\\', '/');
            }
        }

        foreach (string child in Directory.EnumerateDirectories(folder))
        {
            if (!LeftBehind.Contains(Path.GetFileName(child)))
            {
                foreach (string file in Walk(child))
                {
                    yield return file;
                }
            }
        }
    }

    [GeneratedRegex(
        @"^[a-z][a-z ]*\b(?:class|struct|interface|enum|record(?: struct| class)?)\s+([A-Z]\w*)",
        RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();
}
