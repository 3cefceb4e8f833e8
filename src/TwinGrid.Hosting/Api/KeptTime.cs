using System.Text;

namespace TwinGrid.Hosting.Api;

/// <summary>
/// Which readings of a message are older than history is kept: the grid takes them, and no history shows them.
/// </summary>
internal static class KeptTime
{
    /// <summary>The readings whose time history does not reach any more.</summary>
    /// <param name="inputs">The packed inputs.</param>
    /// <param name="kind">The twin's kind, which may keep a telemetry for a time of its own; null for none.</param>
    /// <param name="usual">How long all others are kept.</param>
    public static IEnumerable<DroppedReading> FindOlder(
        ReadOnlyMemory<byte> inputs, TwinDefinition? kind, Duration usual)
    {
        List<DroppedReading> older = [];
        InputReader input = new(inputs.Span);
        while (input.Next())
        {
            if (input.Kind != InputKind.Readings)
            {
                continue;
            }

            ReadingsReader reading = input.Readings();
            while (reading.Next())
            {
                if (reading.Time == UnixMicroseconds.Absent || reading.Time > input.Received)
                {
                    continue;
                }

                string name = Encoding.UTF8.GetString(reading.Name);
                Duration keep = kind?.Telemetry.FirstOrDefault(t => t.Name == name)?.Keep ?? usual;
                if (reading.Time < input.Received - keep.Microseconds)
                {
                    older.Add(new DroppedReading(
                        name, ReadingOutcome.NotKept, $"older than history is kept ({keep}): no history has it"));
                }
            }
        }

        return older;
    }
}
