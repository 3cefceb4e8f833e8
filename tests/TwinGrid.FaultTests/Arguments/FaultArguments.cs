using System.Globalization;
using TwinGrid.FaultTests.Mutants;

namespace TwinGrid.FaultTests.Arguments;

/// <summary>An argument that cannot be used; the message says what can.</summary>
internal sealed class ArgumentProblemException(string message) : Exception(message);

/// <summary>Reads the command line: options, each with a value.</summary>
internal static class FaultArguments
{
    private delegate FaultOptions Setter(FaultOptions options, string value);

    private static readonly SortedDictionary<string, Setter> Known = new(StringComparer.Ordinal)
    {
        ["--seconds"] = static (o, v) => o with { Seconds = Whole("--seconds", v, 10, 86_400) },
        ["--faults"] = static (o, v) => o with { Faults = Whole("--faults", v, 0, 100_000) },
        ["--seed"] = static (o, v) => o with { Seed = Whole("--seed", v, 0, int.MaxValue) },
        ["--silos"] = static (o, v) => o with { Silos = Whole("--silos", v, 1, 9) },
        ["--gateways"] = static (o, v) => o with { GatewaysAsked = Whole("--gateways", v, 0, 9) },
        ["--devices"] = static (o, v) => o with { Devices = Whole("--devices", v, 1, 1_000) },
        ["--batch"] = static (o, v) => o with { Batch = Whole("--batch", v, 1, 40) },
        ["--period"] = static (o, v) => o with { Period = Whole("--period", v, 10, 60_000) },
        ["--storage"] = static (o, v) => v == "PostgreSql"
            ? o
            : throw new ArgumentProblemException(
                $"--storage {v}: a cluster keeps its twins in PostgreSql, and so does this"),
        ["--report"] = static (o, v) => o with { Report = v },
        ["--keep"] = static (o, v) => o with { Keep = v },
        ["--mutant"] = static (o, v) => o with { Mutant = MutantNamed(v) },
    };

    /// <summary>The mutants by the names that the command line has for them.</summary>
    public static IReadOnlyDictionary<string, Mutant> Mutants { get; } = Enum.GetValues<Mutant>()
        .Where(static mutant => mutant != Mutant.None)
        .ToDictionary(static mutant => Dashed(mutant.ToString()));

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="ArgumentProblemException">One cannot be used.</exception>
    public static FaultOptions Read(string[] arguments)
    {
        FaultOptions options = new();
        for (int i = 0; i < arguments.Length; i += 2)
        {
            if (!Known.TryGetValue(arguments[i], out Setter? set))
            {
                throw new ArgumentProblemException(
                    $"There is no option {arguments[i]}; there are: {string.Join(", ", Known.Keys)}");
            }

            options = i + 1 < arguments.Length
                ? set(options, arguments[i + 1])
                : throw new ArgumentProblemException($"{arguments[i]} needs a value");
        }

        return options;
    }

    private static Mutant MutantNamed(string name) => Mutants.TryGetValue(name, out Mutant mutant)
        ? mutant
        : throw new ArgumentProblemException(
            $"There is no mutant {name}; there are: {string.Join(", ", Mutants.Keys)}");

    private static string Dashed(string name) => string.Concat(
        name.Select(static (c, i) => char.IsUpper(c) && i > 0 ? $"-{char.ToLowerInvariant(c)}" : $"{c}"))
        .ToLowerInvariant();

    private static int Whole(string option, string value, int least, int most) =>
        int.TryParse(value, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw new ArgumentProblemException($"{option} {value}: a whole number from {least} to {most}");
}
