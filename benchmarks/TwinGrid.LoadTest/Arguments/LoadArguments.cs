using System.Globalization;

namespace TwinGrid.LoadTest.Arguments;

/// <summary>An argument that cannot be used; the message says what can.</summary>
internal sealed class ArgumentProblem(string message) : Exception(message);

/// <summary>Reads the command line: a scenario, then options, each with a value.</summary>
internal static class LoadArguments
{
    private delegate LoadOptions Setter(LoadOptions options, string value);

    private static readonly SortedDictionary<string, Setter> Options = new(StringComparer.Ordinal)
    {
        ["--connections"] = static (o, v) => o with { Connections = Whole("--connections", v, 1, 10_000) },
        ["--devices"] = static (o, v) => o with { Devices = Whole("--devices", v, 1, 10_000_000) },
        ["--window"] = static (o, v) => o with { Window = Whole("--window", v, 1, 65_535) },
        ["--rate"] = static (o, v) => o with { Rate = Whole("--rate", v, 1, 10_000_000) },
        ["--seconds"] = static (o, v) => o with { Seconds = Whole("--seconds", v, 1, 86_400) },
        ["--warm-up"] = static (o, v) => o with { WarmUp = Whole("--warm-up", v, 5, 3_600) },
        ["--qos"] = static (o, v) => o with { Qos = Whole("--qos", v, 0, 1) },
        ["--readings"] = static (o, v) => o with { Readings = Whole("--readings", v, 1, 500) },
        ["--runs"] = static (o, v) => o with { Runs = Whole("--runs", v, 1, 100) },
        ["--acknowledge"] = static (o, v) => o with { Acknowledge = OneOf("--acknowledge", v, "Durable", "Applied") },
        ["--target"] = static (o, v) => o with { Target = Address("--target", v, "mqtt") },
        ["--api"] = static (o, v) => o with { Api = Address("--api", v, "http") },
        ["--data-directory"] = static (o, v) => o with { DataDirectory = v },
        ["--report"] = static (o, v) => o with { Report = v },
    };

    /// <summary>Reads the arguments.</summary>
    /// <param name="arguments">As given to the program.</param>
    /// <param name="scenarios">The names of the scenarios that exist.</param>
    /// <exception cref="ArgumentProblem">One cannot be used.</exception>
    public static (string Scenario, LoadOptions Options) Read(string[] arguments, IEnumerable<string> scenarios)
    {
        string known = string.Join(", ", scenarios);
        if (arguments.Length == 0)
        {
            throw new ArgumentProblem($"Name a scenario: {known}");
        }

        if (!scenarios.Contains(arguments[0], StringComparer.Ordinal))
        {
            throw new ArgumentProblem($"There is no scenario '{arguments[0]}'; there are: {known}");
        }

        LoadOptions options = new();
        for (int i = 1; i < arguments.Length; i += 2)
        {
            if (!Options.TryGetValue(arguments[i], out Setter? set))
            {
                throw new ArgumentProblem(
                    $"There is no option '{arguments[i]}'; there are: {string.Join(", ", Options.Keys)}");
            }

            if (i + 1 == arguments.Length)
            {
                throw new ArgumentProblem($"{arguments[i]} needs a value");
            }

            options = set(options, arguments[i + 1]);
        }

        return (arguments[0], Consistent(options));
    }

    private static LoadOptions Consistent(LoadOptions options)
    {
        if (options.Devices < options.Connections)
        {
            throw new ArgumentProblem(
                $"--devices {options.Devices} is less than --connections {options.Connections}: each needs one");
        }

        return options.Api is not null && options.Target is null
            ? throw new ArgumentProblem("--api belongs to --target: without that, the load starts a grid of its own")
            : options;
    }

    private static int Whole(string option, string value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
        && number >= least && number <= most
            ? number
            : throw new ArgumentProblem($"{option} takes a whole number from {least} to {most}, not '{value}'");

    private static string OneOf(string option, string value, params string[] words) =>
        words.FirstOrDefault(word => word.Equals(value, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentProblem($"{option} takes {string.Join(" or ", words)}, not '{value}'");

    private static Uri Address(string option, string value, string scheme) =>
        Uri.TryCreate(value, UriKind.Absolute, out Uri? uri) && uri.Scheme == scheme && uri.Port > 0
            ? uri
            : throw new ArgumentProblem($"{option} takes {scheme}://host:port, not '{value}'");
}
