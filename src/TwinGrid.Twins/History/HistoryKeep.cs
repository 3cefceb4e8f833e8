using TwinGrid.Twins.Definitions;

namespace TwinGrid.Twins.History;

/// <summary>How long readings of a kind are kept: as its definition says of a telemetry, else the limit.</summary>
internal sealed class HistoryKeep
{
    private readonly Dictionary<string, long> _own = new(StringComparer.Ordinal);
    private readonly long _usual;

    private HistoryKeep(CompiledKind kind, long usual)
    {
        _usual = usual;
        foreach (TelemetryDefinition telemetry in kind.Telemetry)
        {
            _own[telemetry.Name] = telemetry.Keep?.Microseconds ?? usual;
        }
    }

    public static HistoryKeep Of(CompiledKind kind, LimitOptions limits) => new(kind, limits.HistoryKeep.Microseconds);

    /// <summary>From its source time on, microseconds.</summary>
    public long For(string telemetry) => _own.GetValueOrDefault(telemetry, _usual);
}
