using System.Text;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Simulation;

/// <summary>The mutants that must die, by the names that promises give them.</summary>
internal static class Mutants
{
    /// <summary>How each is made, and what it must be caught at.</summary>
    public static IReadOnlyDictionary<string, (Func<Mutation> Make, string Crime)> All { get; } =
        new Dictionary<string, (Func<Mutation>, string)>
        {
            ["ack before commit"] = (() => new AckBeforeCommit(), "C1"),
            ["skip dedup"] = (() => new ForgetfulRecovery(), "C5"),
            ["no fencing"] = (() => new NoFencing(), "C7"),
            ["drop oldest on overflow"] = (() => new DropOldest(), "C1"),
            ["new command id on retry"] = (() => new NewCommandIdOnRetry(), "C8 what was wanted once"),
            ["stale cached read"] = (() => new StaleRead(), "C6"),
            ["off-by-one replay"] = (() => new OffByOneReplay(), "C5"),
            ["late over newer"] = (() => new LateOverNewer(), "C5"),
            ["refused behind the others"] = (() => new AgainBehindTheOthers(), "was overtaken"),
            ["execute an expired command"] = (() => new ExecuteExpired(), "after its expiry"),
        };

    /// <summary>Answers when the turns are on their way to the disk, not when they are there.</summary>
    private sealed class AckBeforeCommit : Mutation
    {
        public override ITwinStore Store(SimulatedStore store, World world, Database database) =>
            new Eager(store, database);

        private sealed class Eager(ITwinStore store, Database database) : SimulatedStore(database, 0)
        {
            public override Task<IReadOnlyList<CommitOutcome>> CommitAsync(
                IReadOnlyList<TwinTurn> turns, IReadOnlyList<StoredSnapshot> snapshots, CancellationToken stop)
            {
                _ = store.CommitAsync(turns, snapshots, stop);
                return Task.FromResult<IReadOnlyList<CommitOutcome>>(new CommitOutcome[turns.Count]);
            }
        }
    }

    /// <summary>What a restart reads has lost the devices' numbers, so a repetition is new to it.</summary>
    private sealed class ForgetfulRecovery : Mutation
    {
        public override ITwinStore Store(SimulatedStore store, World world, Database database) =>
            new OtherTail(store, database, tail => [.. tail.Select(turn =>
                Rewritten(turn, header => header with { Seq = null, Epoch = null }))]);
    }

    /// <summary>The store takes whatever comes.</summary>
    private sealed class NoFencing : Mutation
    {
        public override void Begin(Database database) => database.Fences = false;
    }

    /// <summary>What was refused is sent again, behind what came after it; its sender hears nothing of it.</summary>
    private sealed class AgainBehindTheOthers : Mutation
    {
        public override ITwinIngest Road(ITwinIngest road) => new Stubborn(road);

        private sealed class Stubborn(ITwinIngest road) : ITwinIngest
        {
            private readonly Queue<IngestMessage> _refused = new();

            public void Send(IngestMessage message)
            {
                road.Send(new Watched(message, this));
                for (int many = _refused.Count; many > 0; many--)
                {
                    road.Send(new Watched(_refused.Dequeue(), this));
                }
            }

            private sealed class Watched(IngestMessage message, Stubborn road) : IngestMessage
            {
                public override TwinAddress Address => message.Address;

                public override ReadOnlyMemory<byte> Inputs => message.Inputs;

                public override void Finished(in IngestResult result)
                {
                    if (result.Status == IngestStatus.Unavailable)
                    {
                        road._refused.Enqueue(message);
                        return;
                    }

                    message.Finished(result);
                }
            }
        }
    }

    /// <summary>Where two messages wait the third drops the oldest, whose sender is told that all is well.</summary>
    private sealed class DropOldest : Mutation
    {
        public override ITwinIngest Road(ITwinIngest road) => new ShortRoad(road);

        private sealed class ShortRoad(ITwinIngest road) : ITwinIngest
        {
            private readonly Queue<IngestMessage> _waiting = new();
            private int _underWay;

            public void Send(IngestMessage message)
            {
                _waiting.Enqueue(message);
                if (_waiting.Count > 2)
                {
                    _waiting.Dequeue().Finished(new IngestResult(IngestStatus.Accepted));
                }

                SendNext();
            }

            private void SendNext()
            {
                if (_underWay < 2 && _waiting.TryDequeue(out IngestMessage? next))
                {
                    _underWay++;
                    road.Send(new Watched(next, this));
                }
            }

            private void End()
            {
                _underWay--;
                SendNext();
            }

            private sealed class Watched(IngestMessage message, ShortRoad road) : IngestMessage
            {
                public override TwinAddress Address => message.Address;

                public override ReadOnlyMemory<byte> Inputs => message.Inputs;

                public override void Finished(in IngestResult result)
                {
                    message.Finished(result);
                    road.End();
                }
            }
        }
    }

    /// <summary>Whoever asks once more asks for another command.</summary>
    private sealed class NewCommandIdOnRetry : Mutation
    {
        public override bool RetriesAnew => true;
    }

    /// <summary>Readers are shown what was read last, unless it is too old to be believed.</summary>
    private sealed class StaleRead : Mutation
    {
        private readonly Dictionary<TwinId, (TwinSnapshot Seen, int Uses)> _cache = [];

        public override async Task<TwinSnapshot?> ReadAsync(ITwin twin, TwinId id)
        {
            if (_cache.TryGetValue(id, out (TwinSnapshot Seen, int Uses) cached) && cached.Uses < 3)
            {
                _cache[id] = (cached.Seen, cached.Uses + 1);
                return cached.Seen;
            }

            TwinSnapshot? seen = await twin.GetAsync();
            if (seen is not null)
            {
                _cache[id] = (seen, 0);
            }

            return seen;
        }
    }

    /// <summary>Recovery begins one turn too late.</summary>
    private sealed class OffByOneReplay : Mutation
    {
        public override ITwinStore Store(SimulatedStore store, World world, Database database) =>
            new OtherTail(store, database, tail => [.. tail.Skip(tail.Count > 1 ? 1 : 0)]);
    }

    /// <summary>Recovery takes the order of arrival for the order of measurement.</summary>
    private sealed class LateOverNewer : Mutation
    {
        public override ITwinStore Store(SimulatedStore store, World world, Database database) =>
            new OtherTail(store, database, tail => [.. tail.Select(turn =>
                Rewritten(turn, header => header with { Time = header.Received }))]);
    }

    /// <summary>Devices do not look at a command's expiry.</summary>
    private sealed class ExecuteExpired : Mutation
    {
        public override bool LooksAtExpiry => false;
    }

    private sealed class OtherTail(
        ITwinStore store, Database database, Func<IReadOnlyList<TwinTurn>, IReadOnlyList<TwinTurn>> change)
        : SimulatedStore(database, 0)
    {
        public override Task<IReadOnlyList<CommitOutcome>> CommitAsync(
            IReadOnlyList<TwinTurn> turns, IReadOnlyList<StoredSnapshot> snapshots, CancellationToken stop) =>
            store.CommitAsync(turns, snapshots, stop);

        public override async Task<StoredTwin> LoadAsync(TwinId twin, CancellationToken cancellationToken)
        {
            StoredTwin stored = await store.LoadAsync(twin, cancellationToken);
            return stored with { Tail = change(stored.Tail) };
        }
    }

    // The same turn with another head of each of its messages.
    private static TwinTurn Rewritten(TwinTurn turn, Func<MessageHeader, MessageHeader> change)
    {
        ReadingWriter writer = new();
        InputReader inputs = new(turn.Inputs.Span[TurnHeader.Size..]);
        while (inputs.Next())
        {
            if (inputs.Kind != InputKind.Readings)
            {
                PackedInputs.Write(writer, inputs.Kind, inputs.Received, inputs.Body);
                continue;
            }

            ReadingsReader reading = inputs.Readings();
            reading.Next();
            writer.BeginMessage(change(new MessageHeader
            {
                Received = inputs.Received,
                Source = Encoding.UTF8.GetString(reading.Source),
                Epoch = reading.Epoch,
                Seq = reading.Seq,
                Time = reading.MessageTime,
            }));
            writer.Number(reading.Name, reading.Number);
            writer.EndMessage();
        }

        return turn with
        {
            Inputs = (byte[])[.. turn.Inputs.Span[..TurnHeader.Size], .. writer.Written.Span],
        };
    }
}
