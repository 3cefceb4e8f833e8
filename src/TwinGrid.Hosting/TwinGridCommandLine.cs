using System.Diagnostics.CodeAnalysis;

namespace TwinGrid.Hosting;

/// <summary>
/// The words behind a grid's program: settings, and the verb <c>verify</c> with its options. A word that is none of
/// these is a mistake, and what was meant by it is not guessed.
/// </summary>
public sealed class TwinGridCommandLine
{
    private const string Verify = "verify";
    private const string RefoldOption = "--refold";
    private const string TwinOption = "--twin";

    private const string Known =
        "Write --TwinGrid:KEY=VALUE (the keys are listed in the README under Configuration), or the word verify in "
        + "front, with --refold and --twin KIND/KEY.";

    // Sections and keys of the host that a grid's program runs in.
    private static readonly string[] s_sections =
        ["TwinGrid", "Logging", "Kestrel", "Orleans", "ConnectionStrings", "HostOptions"];

    private static readonly string[] s_hostKeys =
        ["AllowedHosts", "applicationName", "contentRoot", "environment", "urls"];

    private TwinGridCommandLine(bool verifies)
    {
        Verifies = verifies;
    }

    /// <summary>The settings among them, for the host's builder.</summary>
    public string[] Settings { get; private set; } = [];

    /// <summary>True where the store is to be verified instead of a grid being started.</summary>
    public bool Verifies { get; }

    /// <summary>True where logs are to be folded again.</summary>
    public bool Refolds { get; private set; }

    /// <summary>The one twin whose log is to be folded again; null for all.</summary>
    public string? Twin { get; private set; }

    /// <summary>Reads them.</summary>
    /// <param name="args">The words.</param>
    /// <param name="line">What they ask for.</param>
    /// <param name="problem">A sentence that names the first wrong word and says what there is.</param>
    /// <returns>False where one of them is wrong: end with exit code 2.</returns>
    public static bool TryParse(
        string[] args,
        [NotNullWhen(true)] out TwinGridCommandLine? line,
        [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(args);
        line = null;
        TwinGridCommandLine read = new(args is [Verify, ..]);
        List<string> settings = [];
        for (int at = read.Verifies ? 1 : 0; at < args.Length; at++)
        {
            string word = args[at];
            string? value = at + 1 < args.Length && !args[at + 1].StartsWith("--", StringComparison.Ordinal)
                ? args[at + 1]
                : null;
            if (word == RefoldOption)
            {
                read.Refolds = true;
            }
            else if (word == TwinOption && value is not null)
            {
                read.Twin = value;
                at++;
            }
            else if (!IsSetting(word))
            {
                problem = word == TwinOption
                    ? $"{TwinOption} needs the id of a twin behind it. {Known}"
                    : $"'{word}' is no option, no setting and no verb of this program. {Known}";
                return false;
            }
            else if (word.Contains('=', StringComparison.Ordinal))
            {
                settings.Add(word);
            }
            else if (value is null)
            {
                problem = $"{word} needs a value: {word}=VALUE. {Known}";
                return false;
            }
            else
            {
                settings.AddRange(word, value);
                at++;
            }
        }

        problem = !read.Verifies && (read.Refolds || read.Twin is not null)
            ? $"{(read.Refolds ? RefoldOption : TwinOption)} goes with {Verify}, which stands first. {Known}"
            : null;
        read.Settings = [.. settings];
        line = problem is null ? read : null;
        return problem is null;
    }

    private static bool IsSetting(string word)
    {
        if (!word.StartsWith("--", StringComparison.Ordinal))
        {
            return false;
        }

        string key = word[2..].Split('=')[0];
        string[] parts = key.Split(':');
        return parts.Length == 1
            ? s_hostKeys.Contains(key, StringComparer.OrdinalIgnoreCase)
            : s_sections.Contains(parts[0], StringComparer.OrdinalIgnoreCase);
    }
}
