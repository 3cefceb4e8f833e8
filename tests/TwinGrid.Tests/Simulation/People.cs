namespace TwinGrid.Tests.Simulation;

/// <summary>Operators who send commands until they know what became of them, and readers.</summary>
internal sealed class People
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    private readonly Schedule _schedule;
    private readonly Process _process;

    public People(Schedule schedule)
    {
        _schedule = schedule;
        _process = new Process(schedule.World);
    }

    private World World => _schedule.World;

    private Journal Journal => _schedule.Journal;

    /// <summary>Somebody wants something done once.</summary>
    public void Want(TwinId twin)
    {
        Intention intention = new(twin, Journal.Intentions.Count);
        Journal.Intentions.Add(intention);
        _process.Pool.Run(() => SendAsync(intention));
    }

    /// <summary>Somebody looks.</summary>
    public void Look(TwinId twin) => _process.Pool.Run(() => ReadAsync(twin));

    /// <summary>Somebody deletes a twin.</summary>
    public void Delete(TwinId twin)
    {
        Journal.Deleted.Add(twin);
        _process.Pool.Run(() => DeleteAsync(twin));
    }

    private async Task SendAsync(Intention intention)
    {
        // With a key every try may have an id of its own; without one the id is the same.
        string? key = World.Happens(0.5) ? $"key-{intention.Number}" : null;
        string id = NewId();
        for (int i = 0; i < 12 && !intention.Accepted; i++)
        {
            _schedule.Counts.CommandRetries += i == 0 ? 0 : 1;
            id = (key is not null && World.Happens(0.5)) || _schedule.Mutation.RetriesAnew ? NewId() : id;
            intention.Accepted = await TrySendAsync(
                intention, id, _schedule.Mutation.RetriesAnew ? null : key) ?? intention.Accepted;
            await Task.Delay(World.Between(100, 1_500), _process.Clock);
        }

        intention.Ended = true;
    }

    private async Task<bool?> TrySendAsync(Intention intention, string id, string? key)
    {
        if (_schedule.SomeSilo() is not { } silo)
        {
            return null;
        }

        try
        {
            CommandAnswer answer = await silo.Twin(intention.Twin)
                .SendAsync(id, "set", new RawJson(intention.Args), World.Between(500, 6_000), key)
                .WaitAsync(s_patience, _process.Clock);
            return answer.Refusal == CommandRefusal.None ? true : null;
        }
        catch (Exception e) when (e is TimeoutException or TwinGridException or IOException)
        {
            return null;
        }
    }

    private async Task ReadAsync(TwinId twin)
    {
        if (_schedule.SomeSilo() is not { } silo)
        {
            return;
        }

        long newest = Journal.Newest(twin);
        try
        {
            TwinSnapshot? seen = await _schedule.Mutation.ReadAsync(silo.Twin(twin), twin)
                .WaitAsync(s_patience, _process.Clock);
            if (seen is not null && seen.Telemetry.TryGetValue("speed", out TelemetrySnapshot? speed))
            {
                Journal.Reads.Add(new SeenRead(
                    twin, newest, seen.Revision, seen.Durable, seen.Counters, speed.Value.Number, speed.Count));
                if (seen.Durable)
                {
                    Journal.Heard(twin, seen.Revision);
                }
            }
        }
        catch (Exception e) when (e is TimeoutException or TwinGridException or IOException)
        {
            World.Note(1);
        }
    }

    private async Task DeleteAsync(TwinId twin)
    {
        if (_schedule.SomeSilo() is not { } silo)
        {
            return;
        }

        try
        {
            _schedule.Counts.Deletions += await silo.Twin(twin).DeleteAsync(false)
                .WaitAsync(s_patience, _process.Clock) ? 1 : 0;
        }
        catch (Exception e) when (e is TimeoutException or TwinGridException or IOException)
        {
            World.Note(2);
        }
    }

    private string NewId() => new Guid(
        World.Chance.Next(), 1, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, (byte)World.Chance.Next(256)).ToString();
}
