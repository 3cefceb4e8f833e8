using System.Diagnostics.Metrics;
using TwinGrid.Storage.Sqlite;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

public sealed class StoreMetricsTests : IDisposable
{
    // Measurements are taken where the caller awaits, so that this tells ours from those of tests beside us.
    private static readonly AsyncLocal<bool> Ours = new();

    private readonly StoreDirectory _directory = new();
    private readonly Dictionary<string, double> _sums = [];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_store_counts_what_it_keeps_and_what_it_fences()
    {
        Ours.Value = true;
        using MeterListener listener = new() { InstrumentPublished = Listen };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Note(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Note(instrument, 1, tags));
        listener.Start();
        await using SqliteTwinStore store = await _directory.OpenAsync(new LimitOptions { DeadLetters = 1 });

        await store.CommitAsync(
            [Turn(Turbine, 1, "12345"), Turn(Turbine, 2, "123"), Turn(new TwinId("pump", "p"), 9)],
            [Snapshot(Turbine, 2, "1234567")],
            CancellationToken.None);
        await store.Commit(Snapshot(Turbine, 1));
        await store.Load(Turbine);
        DeadLetter letter = new()
        {
            Time = UnixMicroseconds.Now(TimeProvider.System),
            Topic = "t",
            Client = "c",
            Reason = "r",
            Detail = "d",
            Size = 0,
            Sample = default,
        };
        await store.AppendDeadLettersAsync([letter, letter, letter], CancellationToken.None);

        StoredSession session = new() { Client = "a", ExpirySeconds = 1, State = default };
        await store.Save(session, session with { Client = "b" }, session with { Client = "c" });
        await store.SaveSessionsAsync(
            [new SessionChange("a", null), new SessionChange("unknown", null)], CancellationToken.None);
        _directory.Execute("UPDATE session SET crc = crc + 1 WHERE client = 'b'");
        Assert.Single(await store.Sessions());

        Assert.Equal(2, _sums["twingrid.store.turns committed"]);
        Assert.Equal(1, _sums["twingrid.store.turns fenced"]);
        Assert.Equal(1, _sums["twingrid.store.snapshots committed"]);
        Assert.Equal(1, _sums["twingrid.store.snapshots stale"]);
        Assert.Equal(5 + 3 + 7, _sums["twingrid.store.bytes"]);
        Assert.Equal(3, _sums["twingrid.store.commit.turns"]);
        Assert.Equal(2, _sums["twingrid.store.commit.duration"]);
        Assert.Equal(1, _sums["twingrid.store.load.duration"]);
        Assert.Equal(3, _sums["twingrid.store.dead_letters written"]);
        Assert.Equal(2, _sums["twingrid.store.dead_letters trimmed"]);
        Assert.Equal(3, _sums["twingrid.store.sessions saved"]);
        Assert.Equal(1, _sums["twingrid.store.sessions removed"]);
        Assert.Equal(1, _sums["twingrid.store.sessions damaged"]);
    }

    private static void Listen(Instrument instrument, MeterListener listener)
    {
        if (instrument.Meter == TwinGridDiagnostics.Meter)
        {
            listener.EnableMeasurementEvents(instrument);
        }
    }

    private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!Ours.Value)
        {
            return;
        }

        string name = instrument.Name;
        foreach ((string key, object? tag) in tags)
        {
            name = key == "outcome" ? $"{name} {tag}" : name;
        }

        lock (_sums)
        {
            _sums[name] = _sums.GetValueOrDefault(name) + value;
        }
    }
}
