using System.Text.Json;

namespace TwinGrid.Models.Process;

/// <summary>
/// What <see cref="ProcessMonitorTrainer"/> learnt of a process and the model <c>ProcessMonitor</c> runs by: a plain
/// value with a version, as JSON the option <c>parameters</c> of a kind file. Immutable by use, thread-safe.
/// </summary>
public sealed record ProcessMonitorParameters
{
    /// <summary>The version of this shape.</summary>
    public const int CurrentVersion = 1;

    /// <summary>As many sensors as a model may have inputs.</summary>
    internal const int MostSensors = 64;

    internal const int MostGains = 6;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The version of the shape that it was written in.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The sensors: names of inputs.</summary>
    public required IReadOnlyList<string> Sensors { get; init; }

    /// <summary>The mean of each sensor.</summary>
    public required double[] Means { get; init; }

    /// <summary>The standard deviation of each sensor; of one that stood still, what counts as one.</summary>
    public required double[] Deviations { get; init; }

    /// <summary>How much of each row goes into each running mean; 1 for the row itself.</summary>
    public required double[] Gains { get; init; }

    /// <summary>
    /// Per gain, the inverse of the covariance of the running mean of deviations, row by row: how the sensors move
    /// together.
    /// </summary>
    public required double[][] Precisions { get; init; }

    /// <summary>Per gain, the distance y′Py beyond which a running mean is not normal.</summary>
    public required double[] Limits { get; init; }

    /// <summary>How many rows it was learnt from.</summary>
    public int Rows { get; init; }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">It is no set of parameters, or one that does not hold together.</exception>
    public static ProcessMonitorParameters Parse(string json) =>
        Sound(JsonSerializer.Deserialize<ProcessMonitorParameters>(json, Json));

    /// <summary>Reads it from an element of a kind file.</summary>
    /// <exception cref="JsonException">It is no set of parameters, or one that does not hold together.</exception>
    public static ProcessMonitorParameters Parse(JsonElement json) =>
        Sound(json.Deserialize<ProcessMonitorParameters>(Json));

    /// <summary>The set as JSON; every number reads back to the same bits.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    private static ProcessMonitorParameters Sound(ProcessMonitorParameters? parameters)
    {
        if (parameters is null)
        {
            throw new JsonException("expected an object");
        }

        return parameters.Problem() is { } problem ? throw new JsonException(problem) : parameters;
    }

    private string? Problem()
    {
        int sensors = Sensors.Count;
        (bool Holds, string Problem)[] rules =
        [
            (Version == CurrentVersion, $"version {Version}, this program reads {CurrentVersion}"),
            (sensors is > 0 and <= MostSensors, $"1 to {MostSensors} sensors"),
            (Means.Length == sensors && Array.TrueForAll(Means, Magnitude.IsUsable), "one mean per sensor"),
            (Deviations.Length == sensors && Array.TrueForAll(Deviations, IsAmount),
                "one deviation above 0 per sensor"),
            (Gains.Length is > 0 and <= MostGains && Array.TrueForAll(Gains, gain => gain is > 0 and <= 1),
                $"1 to {MostGains} gains above 0, at most 1"),
            (Limits.Length == Gains.Length && Array.TrueForAll(Limits, IsAmount), "one limit above 0 per gain"),
            (Precisions.Length == Gains.Length && Array.TrueForAll(Precisions, matrix => IsPrecision(matrix, sensors)),
                $"one positive definite matrix of {sensors} times {sensors} numbers per gain"),
        ];
        int broken = Array.FindIndex(rules, rule => !rule.Holds);
        return broken < 0 ? null : $"expected of parameters of ProcessMonitor: {rules[broken].Problem}";
    }

    private static bool IsAmount(double value) => value > 0 && Magnitude.IsUsable(value);

    private static bool IsPrecision(double[] matrix, int sensors) => matrix is not null
        && matrix.Length == sensors * sensors
        && Array.TrueForAll(matrix, Magnitude.IsUsable)
        && new SymmetricMatrix(sensors, matrix).IsPositiveDefinite;
}
