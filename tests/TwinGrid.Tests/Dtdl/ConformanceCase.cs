using System.Text.Json;
using TwinGrid.Dtdl;

namespace TwinGrid.Tests.Dtdl;

/// <summary>One case of the DTDL parser's published suite.</summary>
internal sealed record ConformanceCase(
    string Name, bool Valid, bool AllowsUndefined, IReadOnlyList<string> Documents, IReadOnlyList<string> Unresolved)
{
    private static readonly string[] NotRead =
    [
        "dtmi:dtdl:context;4", "dtmi:iotcentral:", "dtmi:dtdl:extension:annotation", "dtmi:dtdl:extension:mqtt",
        "dtmi:dtdl:extension:historization", "dtmi:dtdl:extension:overriding", "dtmi:dtdl:extension:requirement",
    ];

    /// <summary>True for a case in DTDL v4 or with an extension that comes later.</summary>
    public bool NeedsMoreThanIsRead =>
        Documents.Any(static text => NotRead.Any(part => text.Contains(part, StringComparison.Ordinal)));

    /// <summary>The folder of the suite, or null where this checkout has no shared data beside it.</summary>
    public static string? Folder
    {
        get
        {
            for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            {
                string suite = Path.Combine(folder.FullName, "shared", "data", "dtdl", "conformance");
                if (Directory.Exists(suite))
                {
                    return suite;
                }
            }

            return null;
        }
    }

    /// <summary>The cases of a folder's files; skips the test where there is no suite.</summary>
    public static IEnumerable<ConformanceCase> Read(string folder, string pattern)
    {
        Assert.SkipWhen(Folder is null, "shared/data/dtdl is not beside this checkout");
        foreach (string path in Directory.EnumerateFiles(Path.Combine(Folder!, folder), pattern).Order())
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
            JsonElement root = document.RootElement;
            string file = Path.GetFileNameWithoutExtension(path);
            if (root.ValueKind == JsonValueKind.Object)
            {
                yield return Read(file, root);
                continue;
            }

            foreach ((int index, JsonElement item) in root.EnumerateArray().Index())
            {
                yield return Read($"{file}[{index}]", item);
            }
        }
    }

    /// <summary>Whether the loader takes the case, and what it says where it does not.</summary>
    public (bool Taken, string Says) Load()
    {
        IEnumerable<DefinitionText> texts =
            Documents.Select(static (text, i) => new DefinitionText($"document{i}.json", text));
        try
        {
            DefinitionLoader.Parse("""{ "kind": "case", "telemetry": {} }""", "case.twin.json", texts);
            return (true, "");
        }
        catch (DefinitionException e)
        {
            return (false, e.Message);
        }
    }

    private static ConformanceCase Read(string name, JsonElement item) => new(
        name,
        item.GetProperty("valid").GetBoolean(),
        item.GetProperty("options").EnumerateArray().Any(static o => o.GetString() == "AllowUndefinedExtensions"),
        [.. item.GetProperty("input").EnumerateArray().Select(static document => document.GetRawText())],
        item.TryGetProperty("expect", out JsonElement expect)
            && expect.TryGetProperty("unresolvedIdentifiers", out JsonElement unresolved)
            ? [.. unresolved.EnumerateArray().Select(static id => id.GetString()!)]
            : []);
}
