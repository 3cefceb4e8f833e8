using System.Text.Json;

namespace TwinGrid.Models.RemainingLife;

/// <summary>
/// What <see cref="RemainingLifeTrainer"/> learnt of a fleet and the model <c>RemainingLife</c> runs by: a plain
/// value with a version, as JSON the option <c>parameters</c> of a kind file. Not code: a better set replaces a worse
/// one without a release. Immutable by use, thread-safe.
/// </summary>
public sealed record RemainingLifeParameters
{
    /// <summary>The version of this shape.</summary>
    public const int CurrentVersion = 1;

    /// <summary>As many inputs as a model may have.</summary>
    internal const int MostInputs = 64;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The version of the shape that it was written in.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The input that counts the unit's age, or null where readings are counted.</summary>
    public string? Age { get; init; }

    /// <summary>The inputs that tell the operating regime.</summary>
    public required IReadOnlyList<string> Settings { get; init; }

    /// <summary>The inputs that tell the health: those of the histories' sensors that said something of it.</summary>
    public required IReadOnlyList<string> Sensors { get; init; }

    /// <summary>Where remaining life ends to be told apart: more is predicted as this. In the unit of age.</summary>
    public required double Cap { get; init; }

    /// <summary>The usual age between two readings.</summary>
    public required double Pace { get; init; }

    /// <summary>The median life of the histories.</summary>
    public required double MedianLife { get; init; }

    /// <summary>Over how much age each sensor is averaged; rising.</summary>
    public required double[] Memories { get; init; }

    /// <summary>What the distance of each setting is multiplied by, to tell regimes.</summary>
    public required double[] SettingWeights { get; init; }

    /// <summary>Settings farther than this from every regime are none of them.</summary>
    public required double Radius { get; init; }

    /// <summary>The operating regimes, at least one.</summary>
    public required OperatingRegime[] Regimes { get; init; }

    /// <summary>The mean of each sensor while much life is left, in deviations of its regime.</summary>
    public required double[] Healthy { get; init; }

    /// <summary>The mean of each feature.</summary>
    public required double[] FeatureMeans { get; init; }

    /// <summary>What each feature's distance from its mean is multiplied by.</summary>
    public required double[] FeatureWeights { get; init; }

    /// <summary>The networks whose mean is the prediction; each left out other units of the histories.</summary>
    public required LifeNetwork[] Networks { get; init; }

    /// <summary>The coverage of the interval, 0 to 1.</summary>
    public required double Confidence { get; init; }

    /// <summary>The interval by what is predicted.</summary>
    public required LifeInterval Interval { get; init; }

    /// <summary>How many histories it was learnt from.</summary>
    public int Units { get; init; }

    /// <summary>How many rows it was learnt from.</summary>
    public int Rows { get; init; }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">It is no set of parameters, or one that does not hold together.</exception>
    public static RemainingLifeParameters Parse(string json) =>
        Sound(JsonSerializer.Deserialize<RemainingLifeParameters>(json, Json));

    /// <summary>Reads it from an element of a kind file.</summary>
    /// <exception cref="JsonException">It is no set of parameters, or one that does not hold together.</exception>
    public static RemainingLifeParameters Parse(JsonElement json) =>
        Sound(json.Deserialize<RemainingLifeParameters>(Json));

    /// <summary>The set as JSON; every number reads back to the same bits.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    private static RemainingLifeParameters Sound(RemainingLifeParameters? parameters)
    {
        if (parameters is null)
        {
            throw new JsonException("expected an object");
        }

        return parameters.Problem() is { } problem ? throw new JsonException(problem) : parameters;
    }

    private string? Problem()
    {
        int features = (Sensors.Count * Memories.Length) + 2;
        (bool Holds, string Problem)[] rules =
        [
            (Version == CurrentVersion, $"version {Version}, this program reads {CurrentVersion}"),
            (Sensors.Count is > 0 and <= MostInputs && Settings.Count <= MostInputs,
                $"1 to {MostInputs} sensors and at most as many settings"),
            (IsAmount(Cap) && IsAmount(Pace) && IsAmount(MedianLife), "cap, pace and medianLife must be above 0"),
            (Confidence is > 0 and < 1, $"a confidence of {Confidence}"),
            (Memories.Length is > 0 and <= LifeFilter.MostMemories && Array.TrueForAll(Memories, IsAmount),
                $"1 to {LifeFilter.MostMemories} memories above 0"),
            (Memories.Zip(Memories.Skip(1)).All(pair => pair.First < pair.Second), "memories that rise"),
            (SettingWeights.Length == Settings.Count, "one of settingWeights per setting"),
            (Radius >= 0, $"a radius of {Radius}"),
            (Regimes.Length > 0 && Array.TrueForAll(Regimes, r => r is not null && Fits(r)),
                "a regime with one number per setting and sensor"),
            (Healthy.Length == Sensors.Count, "one of healthy per sensor"),
            (FeatureMeans.Length == features && FeatureWeights.Length == features, $"{features} features"),
            (Networks.Length > 0 && Array.TrueForAll(Networks, n => n is { IsSound: true } && n.Inputs == features),
                $"networks of {features} inputs"),
            (Interval.IsSound, "an interval of rising predictions with lower <= median <= upper"),
        ];
        int broken = Array.FindIndex(rules, rule => !rule.Holds);
        return broken < 0 ? null : $"expected of parameters of RemainingLife: {rules[broken].Problem}";
    }

    private static bool IsAmount(double value) => value > 0 && double.IsFinite(value);

    private bool Fits(OperatingRegime regime) => regime.Centre.Length == Settings.Count
        && regime.Means.Length == Sensors.Count
        && regime.Deviations.Length == Sensors.Count
        && Array.TrueForAll(regime.Deviations, IsAmount);
}
