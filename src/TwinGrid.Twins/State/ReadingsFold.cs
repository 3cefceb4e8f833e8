using System.Text;
using TwinGrid.Twins.Control;
using TwinGrid.Twins.Modelling;

namespace TwinGrid.Twins.State;

/// <summary>
/// Applies the readings of one device message: identity, time, type, range, unit, then the live value; after the
/// message its models and policies. Step 4 of the walk; rules of contracts section 2.
/// </summary>
internal static class ReadingsFold
{
    /// <summary>A time this far ahead of arrival cannot be true; state takes the arrival time.</summary>
    private const long FutureTolerance = 5 * 60 * UnixMicroseconds.PerSecond;

    /// <summary>Words for the 512 names of <c>Limits:TelemetryNamesPerKind</c>' default.</summary>
    private const int UsualWords = (512 / 64) + 1;

    public static void Apply(
        TwinState state,
        in TurnHeader header,
        long received,
        in ReadingsReader whole,
        TurnEffects effects,
        ref InputAnswer answer)
    {
        ReadingsReader message = whole;
        int count = message.Left;
        state.Counters.Readings += count;
        state.LastReading = Math.Max(state.LastReading, received);
        state.LastSeen = Math.Max(state.LastSeen, received);
        effects.Changed = true;

        MessageFold fold = new(state, header, received, message, effects.Recorder);
        if (fold.IsOverSourceLimit)
        {
            DropAll(state, message, header, ref answer);
            return;
        }

        if (fold.Verdict == SequenceVerdict.Seen)
        {
            state.Counters.Duplicates += count;
            answer.Seen += count;
            return;
        }

        // A bit per name. The stack is zeroed at every message, so only as much as the usual limit needs is there.
        int words = (Math.Max(header.MaxNames, state.SlotCount) / 64) + 1;
        Span<ulong> changed = words <= UsualWords ? stackalloc ulong[UsualWords] : new ulong[words];
        changed.Clear();
        while (message.Next())
        {
            ReadingOutcome outcome = fold.ApplyOne(message, changed, ref answer, out bool live);
            Count(state.Counters, outcome);
            (answer.Applied, answer.Seen) = outcome switch
            {
                > ReadingOutcome.Duplicate => (answer.Applied, answer.Seen),
                _ when live => (answer.Applied + 1, answer.Seen),
                _ => (answer.Applied, answer.Seen + 1),
            };
        }

        fold.SeeClock(effects);
        if (fold.NewestTime != UnixMicroseconds.Absent)
        {
            ModelRunner.Run(state, whole, changed, fold.NewestTime, effects);
        }

        if (fold.AnyLive)
        {
            PolicyRunner.Run(state, header, received, fold.NewestTime, effects);
        }
    }

    private static void Count(TwinCounters counters, ReadingOutcome outcome)
    {
        switch (outcome)
        {
            case ReadingOutcome.Applied or ReadingOutcome.Future or ReadingOutcome.NoValue:
                break;
            case ReadingOutcome.Historical:
                counters.Historical++;
                break;
            case ReadingOutcome.Late:
                counters.Late++;
                break;
            case ReadingOutcome.Duplicate:
                counters.Duplicates++;
                break;
            default:
                counters.Rejected++;
                break;
        }
    }

    private static void DropAll(TwinState state, ReadingsReader message, in TurnHeader header, ref InputAnswer answer)
    {
        while (message.Next())
        {
            state.Counters.Rejected++;
            answer.Drop(
                Encoding.UTF8.GetString(message.Name),
                ReadingOutcome.OverLimit,
                $"the source '{Encoding.UTF8.GetString(message.Source)}' is one more than the {header.MaxSources}"
                + " that a twin keeps apart (TwinGrid:Limits:SourcesPerTwin)");
        }
    }

    /// <summary>What holds for one whole message while its readings are applied.</summary>
    private ref struct MessageFold
    {
        private readonly TwinState _state;
        private readonly TurnHeader _header;
        private readonly long _received;
        private readonly SourceState? _source;
        private readonly ReadingRecorder? _recorder;
        private readonly bool _markedHistorical;
        private readonly long _seq;
        private long _clockTime;
        private int _expected;

        public MessageFold(
            TwinState state,
            in TurnHeader header,
            long received,
            in ReadingsReader message,
            ReadingRecorder? recorder)
        {
            _recorder = recorder;
            _state = state;
            _header = header;
            _received = received;
            _markedHistorical = message.Historical;
            _clockTime = message.MessageTime;

            // A number without an epoch and without a time cannot be told from a restart: it is ignored.
            bool hasTime = message.MessageTime != UnixMicroseconds.Absent;
            bool numbered = message.HasSeq && (message.HasEpoch || hasTime);
            _seq = numbered ? message.Seq : -1;
            if (numbered || hasTime)
            {
                _source = FindOrAddSource(state, message.Source, header.MaxSources);
                IsOverSourceLimit = numbered && _source is null;
            }

            if (numbered && _source is not null)
            {
                // A time that cannot be true yet must not outshine every later one.
                long time = message.MessageTime > received + FutureTolerance ? received : message.MessageTime;
                Verdict = _source.Judge(
                    message.HasEpoch ? message.Epoch : null, message.Seq, time, out bool restarted);
                state.Counters.Restarts += restarted ? 1 : 0;
            }
        }

        /// <summary>True when the message has a publisher that the twin has no room for.</summary>
        public bool IsOverSourceLimit { get; }

        /// <summary>What its number says.</summary>
        public SequenceVerdict Verdict { get; }

        /// <summary>True when some reading became live and may cause a command.</summary>
        public bool AnyLive { get; private set; }

        /// <summary>The newest source time that became live.</summary>
        public long NewestTime { get; private set; } = UnixMicroseconds.Absent;

        public ReadingOutcome ApplyOne(
            in ReadingsReader reading, Span<ulong> changed, ref InputAnswer answer, out bool live)
        {
            live = false;
            int index = FindSlot(reading.Name);
            if (index < 0)
            {
                answer.Drop(
                    Encoding.UTF8.GetString(reading.Name),
                    ReadingOutcome.OverLimit,
                    $"the twin has its {_header.MaxNames} telemetry names already"
                    + " (TwinGrid:Limits:TelemetryNamesPerKind)");
                return ReadingOutcome.OverLimit;
            }

            ReadingOutcome problem = ReadingCheck.Read(
                _state, index, reading, out ReadingValue value, out string? detail);
            if (problem is not (ReadingOutcome.Applied or ReadingOutcome.NoValue))
            {
                answer.Drop(_state.NameOf(index), problem, detail!);
                return problem;
            }

            ref TelemetrySlot slot = ref _state.Slots[index];
            ReadingOutcome timing = Place(reading, out long time);
            bool timed = reading.Time != UnixMicroseconds.Absent;
            if (timed && _seq < 0 && !IsNew(ref slot, reading.Time, value))
            {
                return ReadingOutcome.Duplicate;
            }

            if (problem == ReadingOutcome.NoValue)
            {
                live = Void(ref slot, time, _received);
                _recorder?.Record(_state.NameOf(index), Kept(reading, default, timing, live), IsNumbered);
                AnyLive |= live && timing != ReadingOutcome.Historical;
                return live ? ReadingOutcome.NoValue : ReadingOutcome.Late;
            }

            live = Store(ref slot, reading, value, time, timing, timed);
            _recorder?.Record(_state.NameOf(index), Kept(reading, value, timing, live), IsNumbered);
            if (!live)
            {
                return timing == ReadingOutcome.Historical ? timing : ReadingOutcome.Late;
            }

            changed[index >> 6] |= 1UL << index;
            NewestTime = Math.Max(NewestTime, time);
            AnyLive |= timing != ReadingOutcome.Historical;
            return timing;
        }

        // A number that may have been seen before tells nothing apart.
        private readonly bool IsNumbered => _seq >= 0 && Verdict != SequenceVerdict.BelowWindow;

        private readonly HistoryReading Kept(
            in ReadingsReader reading, in ReadingValue value, ReadingOutcome timing, bool live) => new(
                reading.Time == UnixMicroseconds.Absent ? _received : reading.Time,
                value,
                value.Type == TelemetryType.None ? Quality.Bad : reading.Quality,
                (live ? ReadingFlags.None : ReadingFlags.Late) | timing switch
                {
                    ReadingOutcome.Historical => ReadingFlags.Historical,
                    ReadingOutcome.Future => ReadingFlags.Future,
                    _ => ReadingFlags.None,
                });

        /// <summary>Learns the device's clock from the message and raises or clears <c>_clock</c>.</summary>
        public readonly void SeeClock(TurnEffects effects)
        {
            if (_source is null || _markedHistorical || _clockTime == UnixMicroseconds.Absent)
            {
                return;
            }

            _source.SeeClock(_received - _clockTime, _header.LiveWindow);
            BuiltInAlarms.Clock(_state, _received, _header.LiveWindow, effects);
        }

        // Devices name their telemetry in the same order in every message: mostly it is the slot after the last one.
        private int FindSlot(ReadOnlySpan<byte> name)
        {
            int slot = _expected < _state.SlotCount && Ascii.Equals(name, _state.NameOf(_expected))
                ? _expected
                : LookUp(name);
            _expected = slot + 1;
            return slot;
        }

        private readonly int LookUp(ReadOnlySpan<byte> name)
        {
            int declared = _state.Kind.Names.Find(name);
            if (declared >= 0)
            {
                return declared;
            }

            string interned = _state.Kind.Names.Intern(name);
            int extra = _state.FindExtra(interned);
            if (extra >= 0)
            {
                return extra;
            }

            return _state.SlotCount < _header.MaxNames ? _state.AddExtra(interned) : -1;
        }

        /// <summary>When a reading was measured, and whether it is live, history or ahead of time.</summary>
        private ReadingOutcome Place(in ReadingsReader reading, out long time)
        {
            time = reading.Time == UnixMicroseconds.Absent ? _received : reading.Time;
            if (_clockTime == UnixMicroseconds.Absent)
            {
                _clockTime = reading.Time;
            }

            if (time > _received + FutureTolerance)
            {
                time = _received;
                return ReadingOutcome.Future;
            }

            return _markedHistorical || time < _received - _header.LiveWindow || Verdict == SequenceVerdict.BelowWindow
                ? ReadingOutcome.Historical
                : ReadingOutcome.Applied;
        }

        private static bool IsNew(ref TelemetrySlot slot, long time, in ReadingValue value) =>
            (slot.Recent ??= new RecentReadings()).Add(time, ValueOrder.Identity(value));

        /// <summary>Makes the value live unless a newer one is; true when it did.</summary>
        private readonly bool Store(
            ref TelemetrySlot slot,
            in ReadingsReader reading,
            in ReadingValue value,
            long time,
            ReadingOutcome timing,
            bool timed)
        {
            // Without a time of its own a reading is as new as its arrival, and arrivals are ordered.
            bool newer = slot.IsNewer(time, _seq, value) || (!timed && time == slot.SourceTime);
            if (!newer || Verdict == SequenceVerdict.BelowWindow)
            {
                return false;
            }

            slot.Value = value;
            slot.SourceTime = time;
            slot.ReceivedTime = _received;
            slot.Seq = _seq;
            slot.Count++;
            slot.GivenQuality = reading.Quality;
            slot.Historical = timing == ReadingOutcome.Historical;
            return true;
        }

        private static bool Void(ref TelemetrySlot slot, long time, long received)
        {
            if (time < slot.SourceTime || time <= slot.BadSince)
            {
                return false;
            }

            slot.BadSince = time;
            slot.ReceivedTime = received;
            return true;
        }

        private static SourceState? FindOrAddSource(TwinState state, ReadOnlySpan<byte> name, int most)
        {
            foreach (SourceState source in state.Sources)
            {
                if (Ascii.Equals(name, source.Name) || (name.Length == 0 && source.Name.Length == 0))
                {
                    return source;
                }
            }

            return AddSource(state, Encoding.UTF8.GetString(name), most);
        }

        private static SourceState? AddSource(TwinState state, string name, int most)
        {
            SourceState? known = state.Sources.Find(source => source.Name == name);
            if (known is null && state.Sources.Count < most)
            {
                state.Sources.Add(known = new SourceState(name));
            }

            return known;
        }
    }
}
