using System.Text;

namespace TwinGrid.FaultTests.Checking;

/// <summary>
/// What a twin must be after the turns of its log, by the rules of the contract and nothing of the grid's code: an
/// identity (source, epoch, seq) counts once, the newest source time is live. Not thread-safe.
/// </summary>
internal sealed class ReferenceTwin
{
    private readonly HashSet<(Publisher, long Epoch, long Seq)> _identities = [];
    private readonly HashSet<long> _values = [];
    private long _liveTime = long.MinValue;

    /// <summary>The telemetry that devices of the harness send.</summary>
    public static ReadOnlySpan<byte> Telemetry => "v"u8;

    /// <summary>The live value.</summary>
    public long Number { get; private set; }

    /// <summary>How many readings changed it.</summary>
    public long Count { get; private set; }

    /// <summary>All readings, repetitions too.</summary>
    public long Readings { get; private set; }

    /// <summary>Repetitions.</summary>
    public long Duplicates { get; private set; }

    /// <summary>What was applied or became history, each value added once for every time.</summary>
    public long Sum { get; private set; }

    /// <summary>Values that were taken under several identities, so more than once.</summary>
    public long Twice { get; private set; }

    /// <summary>The values that are in the log.</summary>
    public IReadOnlySet<long> Values => _values;

    /// <summary>Takes the readings of a turn.</summary>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="taken">Told of each reading that counts: publisher, value, time.</param>
    public void Take(ReadOnlySpan<byte> inputs, Action<Publisher, long, long> taken)
    {
        InputReader reader = new(inputs);
        while (reader.Next())
        {
            if (reader.Kind == InputKind.Readings)
            {
                TakeMessage(reader.Readings(), taken);
            }
        }
    }

    private void TakeMessage(ReadingsReader message, Action<Publisher, long, long> taken)
    {
        Readings += message.Left;
        Publisher publisher =
            Encoding.UTF8.GetString(message.Source) == Sources.Late ? Publisher.Late : Publisher.Live;
        if (!_identities.Add((publisher, message.Epoch, message.Seq)))
        {
            Duplicates += message.Left;
            return;
        }

        while (message.Next())
        {
            if (!message.Name.SequenceEqual(Telemetry))
            {
                continue;
            }

            long value = (long)message.Number;
            Sum += value;
            Twice += _values.Add(value) ? 0 : 1;
            taken(publisher, value, message.Time);
            if (message.Time > _liveTime)
            {
                _liveTime = message.Time;
                Number = value;
                Count++;
            }
        }
    }
}

/// <summary>The names of a device's publishers.</summary>
internal static class Sources
{
    public const string Live = "live";

    public const string Late = "late";
}
