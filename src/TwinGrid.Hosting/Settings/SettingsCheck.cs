using Microsoft.Extensions.Configuration;

namespace TwinGrid.Hosting.Settings;

/// <summary>Judges the section <c>TwinGrid</c> as a whole, so that every mistake is told at once.</summary>
internal static class SettingsCheck
{
    private static readonly Dictionary<string, Setting> ByKey =
        SettingsTable.All.ToDictionary(static setting => setting.Key, StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// One sentence per wrong key or value, in the order of the keys; where each alone is right, what is wrong with
    /// them together. None when all is well.
    /// </summary>
    public static IReadOnlyList<string> Judge(IConfigurationSection section)
    {
        List<string> problems = [];
        if (!string.IsNullOrEmpty(section.Value))
        {
            problems.Add($"{SettingsTable.Section} is a section, not a value: expected keys such as "
                + $"{SettingsTable.Section}:Mqtt:Port");
        }

        Walk(section, "", problems);
        if (problems.Count == 0)
        {
            problems.AddRange(ClusterRules.Judge(section));
        }

        return problems;
    }

    private static void Walk(IConfigurationSection section, string path, List<string> problems)
    {
        foreach (IConfigurationSection child in section.GetChildren())
        {
            string key = path.Length == 0 ? child.Key : $"{path}:{child.Key}";
            bool hasChildren = child.GetChildren().Any();
            if (ByKey.TryGetValue(key, out Setting? setting) && !hasChildren)
            {
                if (child.Value is { } value && setting.Judge(value) is { } problem)
                {
                    problems.Add(problem);
                }
            }
            else if (hasChildren)
            {
                Walk(child, key, problems);
            }
            else if (!IsSection(key) || !string.IsNullOrEmpty(child.Value))
            {
                problems.Add(Unknown(key));
            }
        }
    }

    private static bool IsSection(string key) => SettingsTable.All.Any(
        setting => setting.Key.StartsWith(key + ":", StringComparison.OrdinalIgnoreCase));

    private static string Unknown(string key)
    {
        string problem = $"{SettingsTable.Section}:{key} is not a key";
        Setting[] ofThatName = [.. SettingsTable.All.Where(setting => IsNameOf(setting.Key, key))];
        Setting nearest = (ofThatName.Length == 0 ? SettingsTable.All : ofThatName)
            .MinBy(setting => Distance(setting.Key, key))!;
        return ofThatName.Length != 0 || Distance(nearest.Key, key) <= 3
            ? $"{problem}; did you mean {SettingsTable.Section}:{nearest.Key}?"
            : $"{problem}; the keys are listed in the README under Configuration";
    }

    /// <summary>True when two keys differ only in the part that they stand in.</summary>
    private static bool IsNameOf(string known, string key) =>
        key.Contains(':', StringComparison.Ordinal)
        && string.Equals(known.Split(':')[^1], key.Split(':')[^1], StringComparison.OrdinalIgnoreCase);

    /// <summary>Levenshtein's distance without regard to case: insertions, deletions and substitutions.</summary>
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int same = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + same));
            }
        }

        return row[b.Length];
    }
}
