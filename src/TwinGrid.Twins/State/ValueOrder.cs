using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;

namespace TwinGrid.Twins.State;

/// <summary>
/// A total order and a 64-bit identity of values; what they mean does not matter, that they never change does.
/// </summary>
internal static class ValueOrder
{
    /// <summary>Orders by type, then by number, text or the parts of a composite.</summary>
    public static int Compare(in ReadingValue left, in ReadingValue right)
    {
        if (left.Type != right.Type)
        {
            return left.Type.CompareTo(right.Type);
        }

        return left.Type switch
        {
            TelemetryType.Number or TelemetryType.Boolean => left.Number.CompareTo(right.Number),
            TelemetryType.Text => string.CompareOrdinal(left.Text, right.Text),
            TelemetryType.None => 0,
            _ => Identity(left).CompareTo(Identity(right)),
        };
    }

    /// <summary>A stable 64-bit hash of the value's bytes.</summary>
    public static ulong Identity(in ReadingValue value)
    {
        switch (value.Type)
        {
            case TelemetryType.Number or TelemetryType.Boolean:
                return Hash([(double)value.Type, value.Number]);
            case TelemetryType.Text:
                return XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(value.Text!), (long)value.Type);
            case TelemetryType.Position:
                GeoPosition p = value.Position!;
                return Hash([(double)value.Type, p.Latitude, p.Longitude, p.Altitude]);
            case TelemetryType.Waveform:
                WaveformFeatures w = value.Waveform!;
                return Hash([(double)value.Type, w.Rate, w.Samples, w.Mean, w.Rms, w.Peak, w.Kurtosis]);
            default:
                return 0;
        }
    }

    private static ulong Hash(ReadOnlySpan<double> parts) => XxHash3.HashToUInt64(MemoryMarshal.AsBytes(parts));
}
