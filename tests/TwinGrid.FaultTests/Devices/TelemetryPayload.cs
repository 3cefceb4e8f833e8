using System.Globalization;
using System.Text;
using TwinGrid.FaultTests.Checking;

namespace TwinGrid.FaultTests.Devices;

/// <summary>A message's payload: an array of objects, each with its own number and time.</summary>
internal static class TelemetryPayload
{
    /// <summary>Writes it; the same message gives the same bytes.</summary>
    /// <param name="message">What was measured.</param>
    /// <param name="times">Microseconds that every time is off: 0 but where a device is to be wrong.</param>
    public static byte[] Write(Measurement message, long times = 0)
    {
        string source = message.Publisher == Publisher.Live ? Sources.Live : Sources.Late;
        StringBuilder text = new("[");
        for (int i = 0; i < message.Count; i++)
        {
            long time = message.Time(i) + times;
            text.Append(i > 0 ? "," : "").Append(
                CultureInfo.InvariantCulture,
                $"{{\"source\":\"{source}\",\"epoch\":{message.Epoch},\"seq\":{message.FirstSeq + i},"
                + $"\"ts\":{time / 1000}.{time % 1000:000},\"values\":{{\"v\":{message.Value(i)}}}}}");
        }

        return Encoding.ASCII.GetBytes(text.Append(']').ToString());
    }
}
