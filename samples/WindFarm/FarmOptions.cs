using System.Globalization;

namespace WindFarm;

/// <summary>What the command line asks for; an option that begins with <c>--TwinGrid:</c> is the grid's own.</summary>
internal sealed record FarmOptions
{
    /// <summary>The words of <c>--help</c>.</summary>
    public const string Usage =
        """
        dotnet run -c Release --project samples/WindFarm -- [options]
          --seconds N        end after N seconds of live picture; without it, run until Ctrl-C
          --seed N           chance of the simulation; default 1
          --replay FILE      feed the rows of a SCADA log through MQTT instead of the simulation
          --speed X          how many times faster than the log; default 600, a row of ten minutes in a second
          --generate FILE    write simulated rows in the format of such a log, and end
          --rows N           how many rows to generate; default 1008, a week
          --TwinGrid:KEY=V   any option of the grid, such as --TwinGrid:Mqtt:Port=0
        """;

    /// <summary>Seconds of live picture; null for no end.</summary>
    public double? Seconds { get; private init; }

    /// <summary>Chance of the simulation.</summary>
    public int Seed { get; private init; } = 1;

    /// <summary>The SCADA log to replay, or null.</summary>
    public string? Replay { get; private init; }

    /// <summary>How many times faster than the log.</summary>
    public double Speed { get; private init; } = 600;

    /// <summary>The SCADA log to write, or null.</summary>
    public string? Generate { get; private init; }

    /// <summary>How many rows to write.</summary>
    public int Rows { get; private init; } = 1008;

    /// <summary>Reads the command line.</summary>
    /// <exception cref="FormatException">An option is unknown or its value wrong; the message says which.</exception>
    public static FarmOptions Parse(IReadOnlyList<string> args)
    {
        FarmOptions options = new();
        for (int i = 0; i < args.Count; i++)
        {
            if (args[i].StartsWith("--TwinGrid:", StringComparison.OrdinalIgnoreCase))
            {
                i += args[i].Contains('=', StringComparison.Ordinal) ? 0 : 1;
                continue;
            }

            string[] parts = args[i].Split('=', 2);
            string value = parts.Length == 2 ? parts[1] : ++i < args.Count ? args[i] : "";
            options = parts[0] switch
            {
                "--seconds" => options with { Seconds = Positive(parts[0], value) },
                "--seed" => options with { Seed = (int)Positive(parts[0], value) },
                "--replay" => options with { Replay = value },
                "--speed" => options with { Speed = Positive(parts[0], value) },
                "--generate" => options with { Generate = value },
                "--rows" => options with { Rows = (int)Positive(parts[0], value) },
                _ => throw new FormatException($"unknown option '{args[i]}'\n{Usage}"),
            };
        }

        return options;
    }

    private static double Positive(string option, string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number > 0
            ? number
            : throw new FormatException($"{option} takes a number above 0, not '{value}'");
}
