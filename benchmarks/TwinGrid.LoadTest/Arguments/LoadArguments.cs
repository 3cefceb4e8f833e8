using System.Globalization;
using TwinGrid.LoadTest.Scenarios;
using TwinGrid.LoadTest.Servers;

namespace TwinGrid.LoadTest.Arguments;

/// <summary>An argument that cannot be used; the message says what can.</summary>
internal sealed class ArgumentProblem(string message) : Exception(message);

/// <summary>Reads the command line: a scenario, then options, each with a value.</summary>
internal static class LoadArguments
{
    private const int HostileConnections = 1_000;

    private delegate LoadOptions Setter(LoadOptions options, string value);

    private static readonly SortedDictionary<string, Setter> Options = new(StringComparer.Ordinal)
    {
        ["--connections"] = static (o, v) => o with { Connections = Whole("--connections", v, 1, 100_000) },
        ["--devices"] = static (o, v) => o with { Devices = Whole("--devices", v, 1, 10_000_000) },
        ["--window"] = static (o, v) => o with { Window = Whole("--window", v, 1, 65_535) },
        ["--rate"] = static (o, v) => o with { Rate = Whole("--rate", v, 1, 10_000_000) },
        ["--seconds"] = static (o, v) => o with { Seconds = Whole("--seconds", v, 1, 86_400) },
        ["--warm-up"] = static (o, v) => o with { WarmUp = Whole("--warm-up", v, 5, 3_600) },
        ["--qos"] = static (o, v) => o with { Qos = Whole("--qos", v, 0, 1) },
        ["--mqtt"] = static (o, v) => o with { Mqtt = OneOf("--mqtt", v, "3", "5") == "5" ? 5 : 3 },
        ["--readings"] = static (o, v) => o with { Readings = Whole("--readings", v, 1, 500) },
        ["--silos"] = static (o, v) => o with { Silos = Whole("--silos", v, 1, 16) },
        ["--runs"] = static (o, v) => o with { Runs = Whole("--runs", v, 1, 100) },
        ["--acknowledge"] = static (o, v) => o with { Acknowledge = OneOf("--acknowledge", v, "Durable", "Applied") },
        ["--models"] = static (o, v) => o with { Models = OneOf("--models", v, "none", "standard") },
        ["--storage"] = static (o, v) => o with { Storage = OneOf("--storage", v, "Sqlite", "PostgreSql") },
        ["--connection-string"] = static (o, v) => o with { ConnectionString = v },
        ["--server"] = static (o, v) => o with { Server = Several(v, KnownServer) },
        ["--cells"] = static (o, v) => o with { Cells = Several(v, Cell) },
        ["--hostile"] = static (o, v) => o with { Hostile = OneOf("--hostile", v, HostileClients.Names) },
        ["--within"] = static (o, v) => o with { Within = Whole("--within", v, 0, 3_600) },
        ["--session"] = static (o, v) => o with { Session = OneOf("--session", v, "clean", "persistent") },
        ["--target"] = static (o, v) => o with { Target = Address("--target", v, "mqtt") },
        ["--api"] = static (o, v) => o with { Api = Address("--api", v, "http") },
        ["--data-directory"] = static (o, v) => o with { DataDirectory = v },
        ["--report"] = static (o, v) => o with { Report = v },
    };

    /// <summary>Reads the arguments.</summary>
    /// <param name="arguments">As given to the program.</param>
    /// <param name="scenarios">The scenarios that exist.</param>
    /// <exception cref="ArgumentProblem">One cannot be used.</exception>
    public static (Scenario Scenario, LoadOptions Options) Read(
        string[] arguments, IReadOnlyList<Scenario> scenarios)
    {
        string known = string.Join(", ", scenarios.Select(static scenario => scenario.Name));
        if (arguments.Length == 0)
        {
            throw new ArgumentProblem($"Name a scenario: {known}");
        }

        Scenario scenario = scenarios.FirstOrDefault(scenario => scenario.Name == arguments[0])
            ?? throw new ArgumentProblem($"There is no scenario '{arguments[0]}'; there are: {known}");
        LoadOptions options = scenario.Defaults;
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

        if (options.Storage == "PostgreSql" && options.ConnectionString is null && options.Target is null)
        {
            throw new ArgumentProblem(
                "--storage PostgreSql needs --connection-string 'Host=…;Database=…;Username=…;Password=…'; its schema "
                + "twingrid_load is made anew for every run");
        }

        if (options.Hostile is not null && !arguments.Contains("--connections"))
        {
            options = options with { Connections = HostileConnections };
        }

        return (scenario, Consistent(scenario, options));
    }

    private static LoadOptions Consistent(Scenario scenario, LoadOptions options)
    {
        if (scenario.HasDevices && options.Devices < options.Connections)
        {
            throw new ArgumentProblem(
                $"--devices {options.Devices} is less than --connections {options.Connections}: each needs one");
        }

        if (options.Api is not null && options.Target is null)
        {
            throw new ArgumentProblem("--api belongs to --target: without that, the load starts a grid of its own");
        }

        return options.Target is not null && options.Server.Count > 0
            ? throw new ArgumentProblem("--target and --server exclude each other: either one runs, or one is started")
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

    private static T[] Several<T>(string value, Func<string, T> read) => [.. value.Split(',').Select(read)];

    private static string KnownServer(string value) =>
        OneOf("--server", value, KnownServers.Names) is var name && KnownServers.IsInstalled(name)
            ? name
            : throw new ArgumentProblem($"--server {name}: it is not installed, or not on the PATH");

    private static LoadCell Cell(string value) =>
        value.Split('x') is [{ } connections, { } window]
            ? new LoadCell(Whole("--cells", connections, 1, 10_000), Whole("--cells", window, 1, 65_535))
            : throw new ArgumentProblem($"--cells takes CONNECTIONSxWINDOW,… such as 50x128,1x8, not '{value}'");

    private static Uri Address(string option, string value, string scheme) =>
        Uri.TryCreate(value, UriKind.Absolute, out Uri? uri) && uri.Scheme == scheme && uri.Port > 0
            ? uri
            : throw new ArgumentProblem($"{option} takes {scheme}://host:port, not '{value}'");
}
