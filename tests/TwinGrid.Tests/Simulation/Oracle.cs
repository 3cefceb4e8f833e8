using System.Text;
using TwinGrid.Twins;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Simulation;

/// <summary>Judges a schedule by what is on the disk, what those outside were told and what the twins say.</summary>
internal sealed class Oracle(Schedule schedule)
{
    private readonly List<string> _wrongs = schedule.Journal.Wrongs;
    private readonly HashSet<(TwinId, Identity)> _logged = [];

    private Journal Journal => schedule.Journal;

    private SimulationCounts Counts => schedule.Counts;

    public IReadOnlyList<string> Judge(bool isDone)
    {
        Check(!schedule.World.Escaped, "something ran on another thread");
        Check(isDone, isDone ? "" : $"C12 it did not come to its end: {schedule.Unfinished()}");
        Counts.Commits += schedule.Database.Commits.Count;
        Check(schedule.Database.Commits.TrueForAll(commit => !commit.WasDead), "C7 a dead silo committed");
        Counts.Reads += Journal.Reads.Count;
        Counts.ReadsNotDurable += Journal.Reads.Count(read => !read.Durable);
        CommandLedger commands = new(schedule, Check);
        OrderLedger order = new(Journal, Check);
        foreach (TwinId twin in schedule.Database.Twins)
        {
            JudgeTwin(twin, schedule.Database.Rows(twin), commands);
            schedule.Database.Rows(twin).Turns.ForEach(order.Take);
        }

        foreach ((TwinId Twin, Identity Reading) kept in Journal.Acknowledged)
        {
            Check(_logged.Contains(kept), $"C1 {kept} was acknowledged and is lost");
        }

        order.Judge();
        commands.Judge(isDone);
        return _wrongs;
    }

    private void JudgeTwin(TwinId twin, TwinRows rows, CommandLedger commands)
    {
        Refold refold = new(twin);
        ReferenceTwin reference = new();
        ILookup<long, SeenRead> reads = Journal.Reads.Where(read => read.Twin == twin && read.Durable)
            .ToLookup(read => read.Revision);
        ILookup<long, TwinTurns> lives = Lives(twin).ToLookup(turns => turns.State.Revision);
        long revision = 0;
        foreach (TwinTurn turn in rows.Turns)
        {
            if (turn.Revision != ++revision)
            {
                _wrongs.Add($"C4 C7 revision {turn.Revision} of {twin} stands where {revision} should");
                return;
            }

            refold.Take(turn);
            reference.Take(turn);
            Compare(refold.State, reference);
            NoteReadings(twin, turn);
            commands.Take(twin, turn, refold.Effects);
            JudgeReads(refold.State, reads[revision]);
            foreach (TwinTurns live in lives[revision])
            {
                Check(Same(live.State, refold.State), $"C5 the live {twin} at {revision} is not its log");
            }
        }

        Check(
            Journal.Reads.TrueForAll(read => read.Twin != twin || !read.Durable || read.Revision <= revision),
            $"C6 a read of {twin} showed a revision that never was");
        Check(lives.All(group => group.Key <= revision), $"C5 {twin} is ahead of its log");
        JudgeEnd(twin, rows, refold.State, reference);
        Counts.Duplicates += (int)reference.Duplicates;
        Counts.Late += (int)reference.Late;
    }

    private void JudgeEnd(TwinId twin, TwinRows rows, TwinState state, ReferenceTwin reference)
    {
        RestedStore store = new(schedule.Database);
        Task<(TwinState State, int Tail)> recovery =
            TwinRecovery.LoadAsync(twin, store, SimulatedKind.Registry, CancellationToken.None);
        Check(Same(recovery.GetAwaiter().GetResult().State, state), $"C5 {twin} recovered is not its log");

        // Whatever the order of arrival was, the newest of all that was measured is what stands; but what came too
        // late to be told from a repetition is history.
        if (!Journal.Deleted.Contains(twin) && reference.Live is { } live)
        {
            long newest = Journal.Acknowledged.Where(kept => kept.Item1 == twin)
                .Select(kept => Journal.Attempted[kept]).Max(reading => reading.Time);
            Check(
                live.Time == newest || reference.Historical > 0,
                $"C4 the newest reading of {twin} is of {newest}, it shows that of {live.Time}");
        }
    }

    private IEnumerable<TwinTurns> Lives(TwinId twin) =>
        from silo in schedule.Silos
        let activation = silo.FindActive(twin)
        where activation is { IsAtRest: true }
        select activation.Turns;

    private void NoteReadings(TwinId twin, TwinTurn turn)
    {
        InputReader inputs = new(turn.Inputs.Span[TurnHeader.Size..]);
        while (inputs.Next())
        {
            if (inputs.Kind != InputKind.Readings)
            {
                continue;
            }

            ReadingsReader message = inputs.Readings();
            message.Next();
            Identity identity = new(Encoding.UTF8.GetString(message.Source), message.Epoch, message.Seq);
            _logged.Add((twin, identity));
            Check(
                Journal.Attempted.TryGetValue((twin, identity), out Measured? sent) && sent.Value == message.Number,
                $"C3 the log of {twin} holds {identity}, which nobody measured so");
        }
    }

    private void Compare(TwinState state, ReferenceTwin reference)
    {
        ref TelemetrySlot slot = ref state.Slots[0];
        CountersSnapshot counters = state.Counters.ToSnapshot();
        CountersSnapshot expected =
            new(reference.Readings, reference.Duplicates, reference.Late, reference.Historical, 0, 0);
        Check(counters == expected, $"C2 {state.Twin} at {state.Revision}: {counters}, expected {expected}");
        Ledger ledger = System.Runtime.InteropServices.MemoryMarshal.Cast<double, Ledger>(state.ModelState)[0];
        Check(
            ledger == reference.Ledger,
            $"C5 {state.Twin} at {state.Revision}: {ledger}, expected {reference.Ledger}");
        Check(
            reference.Live is not { } live || (slot.SourceTime, slot.Seq, slot.Value.Number) == live,
            $"C4 {state.Twin} at {state.Revision} shows {slot.Value.Number}, expected {reference.Live}");
    }

    private void JudgeReads(TwinState state, IEnumerable<SeenRead> reads)
    {
        foreach (SeenRead read in reads)
        {
            ref TelemetrySlot slot = ref state.Slots[0];
            Check(
                (read.Count, read.Value, read.Counters)
                    == (slot.Count, slot.Value.Number, state.Counters.ToSnapshot()),
                $"C6 a read of {state.Twin} at {read.Revision} is not what was committed");
            Check(
                schedule.MayBeTwo || read.Revision >= read.AtLeast,
                $"C6 a read of {state.Twin} showed {read.Revision} after {read.AtLeast} was known");
        }
    }

    private static bool Same(TwinState left, TwinState right) =>
        StateWriter.Write(left).AsSpan().SequenceEqual(StateWriter.Write(right));

    private void Check(bool holds, string wrong)
    {
        if (!holds)
        {
            _wrongs.Add(wrong);
        }
    }

    /// <summary>The disk, read at once.</summary>
    private sealed class RestedStore(Database database) : SimulatedStore(database, 0)
    {
        private readonly Database _database = database;

        public override Task<StoredTwin> LoadAsync(TwinId twin, CancellationToken cancellationToken) =>
            Task.FromResult(_database.Rows(twin).Read());
    }
}
