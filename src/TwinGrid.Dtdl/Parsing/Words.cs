namespace TwinGrid.Dtdl.Parsing;

/// <summary>Names in sentences.</summary>
internal static class Words
{
    /// <summary>Types of telemetry as kind files write them.</summary>
    public static IReadOnlyDictionary<string, TelemetryType> TelemetryTypes { get; } = Of(
        TelemetryType.Number,
        TelemetryType.Boolean,
        TelemetryType.Text,
        TelemetryType.Position,
        TelemetryType.Waveform);

    /// <summary>Severities as kind files write them.</summary>
    public static IReadOnlyDictionary<string, AlarmSeverity> Severities { get; } = Of(
        AlarmSeverity.Warning, AlarmSeverity.Minor, AlarmSeverity.Major, AlarmSeverity.Critical);

    /// <summary>Modes as kind files write them.</summary>
    public static IReadOnlyDictionary<string, PolicyMode> Modes { get; } = Of(PolicyMode.Advise, PolicyMode.Act);

    /// <summary>A list for a sentence: <c>a, b or c</c>.</summary>
    public static string List(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return all.Length < 2 ? string.Concat(all) : $"{string.Join(", ", all[..^1])} or {all[^1]}";
    }

    /// <summary>The word of an enum's member: its name in lower case.</summary>
    public static string Of<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static Dictionary<string, T> Of<T>(params T[] values)
        where T : struct, Enum => values.ToDictionary(static value => Of(value), StringComparer.Ordinal);
}
