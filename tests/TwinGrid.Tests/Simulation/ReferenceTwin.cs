using System.Text;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Simulation;

/// <summary>
/// What a twin must be, by a second and simpler account of the contract: sets where the fold has windows, and no code
/// of the fold. It knows one telemetry and devices that name their epoch; a schedule is too short for what is
/// remembered to be forgotten.
/// </summary>
internal sealed class ReferenceTwin
{
    private readonly Dictionary<string, Publisher> _publishers = [];

    public long Readings { get; private set; }

    public long Duplicates { get; private set; }

    public long Late { get; private set; }

    public long Historical { get; private set; }

    /// <summary>The live value by its place in the order: time, number, value.</summary>
    public (long Time, long Seq, double Value)? Live { get; private set; }

    public Ledger Ledger { get; private set; } = Ledger.Empty;

    /// <summary>Takes a turn's inputs.</summary>
    public void Take(TwinTurn turn)
    {
        InputReader inputs = new(turn.Inputs.Span[TurnHeader.Size..]);
        while (inputs.Next())
        {
            if (inputs.Kind == InputKind.Deleted)
            {
                _publishers.Clear();
                (Readings, Duplicates, Late, Historical, Live, Ledger) = (0, 0, 0, 0, null, Ledger.Empty);
            }
            else if (inputs.Kind == InputKind.Readings)
            {
                ReadingsReader reading = inputs.Readings();
                reading.Next();
                Take(
                    Encoding.UTF8.GetString(reading.Source),
                    (reading.Epoch, reading.Seq),
                    (reading.MessageTime, reading.Number),
                    inputs.Received);
            }
        }
    }

    private void Take(
        string source, (long Epoch, long Seq) number, (long Time, double Value) reading, long received)
    {
        Readings++;
        if (!_publishers.TryGetValue(source, out Publisher? publisher))
        {
            _publishers.Add(source, publisher = new Publisher());
        }

        bool? isNew = publisher.IsNew(number.Epoch, number.Seq);
        if (isNew == false)
        {
            Duplicates++;
            return;
        }

        bool old = isNew is null || reading.Time < received - (60 * UnixMicroseconds.PerSecond);
        Historical += old ? 1 : 0;
        (long Time, long Seq, double Value) place = (reading.Time, number.Seq, reading.Value);
        if (isNew is null || (Live is { } live && place.CompareTo(live) <= 0))
        {
            Late += old ? 0 : 1;
            return;
        }

        Live = place;
        Ledger = Ledger.With(reading.Value);
    }

    /// <summary>The epoch and the one before it are known exactly, older ones by their highest number.</summary>
    private sealed class Publisher
    {
        private readonly Dictionary<long, HashSet<long>> _seen = [];
        private readonly Dictionary<long, long> _older = [];
        private long? _epoch;
        private long? _before;

        /// <summary>Null when it may have been seen and nobody can tell.</summary>
        public bool? IsNew(long epoch, long seq)
        {
            if (_epoch is null || epoch > _epoch)
            {
                if (_before is { } older)
                {
                    _older[older] = _seen[older].Max();
                }

                (_epoch, _before) = (epoch, _epoch);
                _seen[epoch] = [];
            }

            if (epoch == _epoch || epoch == _before)
            {
                return _seen[epoch].Add(seq);
            }

            if (_older.TryGetValue(epoch, out long highest) && seq <= highest)
            {
                return null;
            }

            _older[epoch] = seq;
            return true;
        }
    }
}
