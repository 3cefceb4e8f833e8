using System.Globalization;

namespace TwinGrid.Tests.Models;

/// <summary>Files of public data sets, which stand beside the repository where they stand at all.</summary>
internal static class PublicData
{
    private const string Folder = "shared/data";

    /// <summary>The path of a file; skips the test where it is absent.</summary>
    public static string File(string name)
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !System.IO.File.Exists(Path.Combine(folder.FullName, Folder, name)))
        {
            folder = folder.Parent;
        }

        if (folder is null)
        {
            Assert.Skip($"{Folder}/{name} is not in any directory above the tests.");
        }

        return Path.Combine(folder.FullName, Folder, name);
    }

    /// <summary>Numbers split by white space.</summary>
    public static double[][] Table(string name) =>
    [
        .. System.IO.File.ReadLines(File(name))
            .Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            .Select(words => Array.ConvertAll(words, word => double.Parse(word, CultureInfo.InvariantCulture))),
    ];
}
