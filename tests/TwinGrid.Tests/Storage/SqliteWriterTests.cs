using Microsoft.Extensions.Logging.Abstractions;
using TwinGrid.Storage.Sqlite;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

/// <summary>What the one connection that writes does besides its commits.</summary>
public sealed class SqliteWriterTests : IDisposable
{
    private readonly StoreDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task What_was_committed_is_told_as_committed_though_it_cannot_be_noted_how_far_the_log_goes()
    {
        WriterClock clock = new();
        await using SqliteTwinStore store = await _directory.OpenAsync(clock: clock);
        await store.Commit(Turn(Turbine, 1));
        clock.Advance(LastWritten.Interval);

        // Asked between the commit and the look for its newest row, which then finds no table.
        clock.TimeMeasured = () =>
        {
            clock.TimeMeasured = null;
            _directory.Execute("ALTER TABLE turn RENAME TO away");
        };
        IReadOnlyList<CommitOutcome> outcomes = await store.Commit(Turn(Turbine, 2));
        _directory.Execute("ALTER TABLE away RENAME TO turn");

        Assert.Equal([CommitOutcome.Committed], outcomes);
        Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(Turbine, 3)));
        Assert.Equal(3, (await store.Load(Turbine)).Tail.Count);
    }

    [Fact]
    public async Task A_store_that_another_process_took_over_says_so_once_to_who_can_end_the_process()
    {
        List<TwinGridException> told = [];
        await using SqliteTwinStore zombie = await _directory.OpenAsync(broken: told.Add);
        await zombie.Commit(Turn(Turbine, 1));
        await using SqliteTwinStore successor = await _directory.OpenAsync();
        Assert.Empty(told);

        Assert.Equal([CommitOutcome.Fenced], await zombie.Commit(Turn(Turbine, 2)));
        Assert.Equal([CommitOutcome.Fenced], await zombie.Commit(Turn(Turbine, 2)));

        Assert.Contains("Another process took over", Assert.Single(told).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_write_that_fails_in_the_middle_of_a_sweep_costs_one_step_of_it_again()
    {
        FillSealed(twins: 2_600);
        int whole;
        using (StoreWriter writer = Open())
        {
            whole = Steps(writer);
        }

        // 2,600 twins are marked 500 at a time, and then there is the log to look at.
        Assert.Equal(6 + 1, whole);
        using StoreWriter disturbed = Open();
        for (int step = 0; step < 4; step++)
        {
            Assert.True(disturbed.Sweep());
        }

        DeadLetter refused = new()
        {
            Time = 1,
            Topic = null!,
            Client = "",
            Reason = "",
            Detail = "",
            Size = 0,
            Sample = default,
        };
        Assert.Throws<TwinGridNotCommittedException>(() => disturbed.AppendDeadLetters([refused]));

        Assert.Equal(whole - 4 + 1, Steps(disturbed));
    }

    private StoreWriter Open() => new(
        new SqliteDatabase(_directory.Path, null), new LimitOptions(), TimeProvider.System, NullLogger.Instance);

    // Until there is nothing more to do; a bound, so that one that begins anew for ever ends.
    private static int Steps(StoreWriter writer)
    {
        int steps = 0;
        while (writer.Sweep() && steps < 100)
        {
            steps++;
        }

        return steps;
    }

    private void FillSealed(int twins)
    {
        Open().Dispose();
        _directory.Execute($"""
            WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {twins})
            INSERT INTO sealed (twin_id, revision, sealed_at, incarnation) SELECT n, 1, 1, 1 FROM number
            """);
    }
}
