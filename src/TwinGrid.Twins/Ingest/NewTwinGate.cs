using Microsoft.Extensions.Options;
using TwinGrid.Twins.Definitions;

namespace TwinGrid.Twins.Ingest;

/// <summary>
/// Decides whether first readings make a twin: the policy, then the limits of this silo. Thread-safe.
/// </summary>
internal sealed class NewTwinGate(
    IOptionsMonitor<IngestOptions> ingest,
    IOptionsMonitor<LimitOptions> limits,
    KindRegistry kinds,
    ActiveTwins active,
    TimeProvider clock)
{
    private readonly Lock _lock = new();
    private long _minute;
    private int _inMinute;

    /// <summary>Accepted when the twin may be made, else why not.</summary>
    public IngestStatus Admit(TwinId twin)
    {
        bool wanted = ingest.CurrentValue.NewTwins switch
        {
            NewTwins.Existing => false,
            NewTwins.KnownKinds => kinds.IsKnown(twin.Kind),
            _ => true,
        };
        if (!wanted)
        {
            return IngestStatus.UnknownTwin;
        }

        return active.Count <= limits.CurrentValue.Twins && TakeOfMinute()
            ? IngestStatus.Accepted
            : IngestStatus.TooManyTwins;
    }

    private bool TakeOfMinute()
    {
        long minute = clock.GetTimestamp() / (60 * clock.TimestampFrequency);
        lock (_lock)
        {
            if (minute != _minute)
            {
                (_minute, _inMinute) = (minute, 0);
            }

            return _inMinute++ < limits.CurrentValue.NewTwinsPerMinute;
        }
    }
}
