using Npgsql;
using TwinGrid.Storage.PostgreSql;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage.PostgreSql;

/// <summary>Two that write at once, which in PostgreSQL silos of one cluster may.</summary>
public sealed class PostgreSqlFenceTests : IAsyncLifetime
{
    private readonly PostgreSqlHome _home = new();

    public ValueTask InitializeAsync() => _home.InitializeAsync();

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task A_silo_that_restarts_fences_its_own_last_life_and_no_other_silo()
    {
        await using PostgreSqlTwinStore old = await _home.OpenAsync(Silo("one"));
        await using PostgreSqlTwinStore other = await _home.OpenAsync(Silo("two"));
        await using PostgreSqlTwinStore strange = await _home.OpenAsync(new StoreOwner("another grid", "one", false));
        await old.Commit(Turn(Turbine, 1));

        await using PostgreSqlTwinStore again = await _home.OpenAsync(Silo("one"));

        Assert.Equal([CommitOutcome.Fenced], await old.Commit(Turn(Turbine, 2)));
        Assert.Equal([CommitOutcome.Committed], await other.Commit(Turn(Turbine, 2)));
        Assert.Equal([CommitOutcome.Committed], await strange.Commit(Turn(Turbine, 3)));
        Assert.Equal([CommitOutcome.Committed], await again.Commit(Turn(Turbine, 4)));
    }

    [Fact]
    public async Task A_silo_that_is_alone_fences_whoever_wrote_for_its_cluster()
    {
        await using PostgreSqlTwinStore first = await _home.OpenAsync(new StoreOwner("twingrid", "host-1", true));
        await using PostgreSqlTwinStore second = await _home.OpenAsync(new StoreOwner("twingrid", "host-2", true));

        Assert.Equal([CommitOutcome.Fenced], await first.Commit(Turn(Turbine, 1)));
        Assert.Equal([CommitOutcome.Committed], await second.Commit(Turn(Turbine, 1)));
    }

    [Fact]
    public async Task A_silo_that_sleeps_in_the_middle_of_a_commit_does_not_hold_up_its_successor()
    {
        await using PostgreSqlTwinStore old = await _home.OpenAsync(Silo("one"));
        await old.Commit(Turn(Turbine, 1));
        string name = (string)(await _home.ReadAsync(
            "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'twingrid %one' LIMIT 1"))!;

        // A session under that name that has begun and rests, as a stopped process leaves it.
        await using NpgsqlConnection asleep = new($"{_home.ConnectionString};Application Name={name};Pooling=false");
        await asleep.OpenAsync();
        await using NpgsqlTransaction begun = await asleep.BeginTransactionAsync();
        await using NpgsqlCommand holds = new(
            "SELECT 1 FROM silo_incarnation FOR SHARE; INSERT INTO turn VALUES (1, 2, 0, 0, 1, 1, '')", asleep);
        await holds.ExecuteNonQueryAsync();

        await using PostgreSqlTwinStore again = await _home.OpenAsync(Silo("one"));

        Assert.Equal([CommitOutcome.Committed], await again.Commit(Turn(Turbine, 2)));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => begun.CommitAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(300)]
    public async Task Silos_that_race_commit_each_revision_once_and_leave_no_gap(int twinsAtOnce)
    {
        PostgreSqlTwinStore[] silos =
            await Task.WhenAll(Enumerable.Range(0, 3).Select(i => _home.OpenAsync(Silo($"silo-{i}"))));
        TwinId[] twins = [.. Enumerable.Range(0, twinsAtOnce).Select(i => new TwinId("pump", $"p{i}"))];

        Dictionary<TwinId, List<long>>[] committed =
            await Task.WhenAll(silos.Select((silo, i) => Task.Run(() => RaceAsync(silo, i, twins, groups: 12))));

        foreach (TwinId twin in twins)
        {
            long[] all = [.. committed.SelectMany(c => c[twin]).Order()];
            Assert.Equal(Enumerable.Range(1, all.Length).Select(i => (long)i), all);
            Assert.Equal(all, (await silos[0].Load(twin)).Tail.Select(turn => turn.Revision));
        }

        Assert.True(committed.Count(c => c.Values.Any(revisions => revisions.Count > 0)) > 1, "Nobody raced");
        foreach (PostgreSqlTwinStore silo in silos)
        {
            await silo.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_large_group_keeps_what_follows_and_fences_the_rest()
    {
        await using PostgreSqlTwinStore silo = await _home.OpenAsync(Silo("one"));
        TwinId[] twins = [.. Enumerable.Range(0, 700).Select(i => new TwinId("pump", $"p{i:000}"))];
        await silo.Commit([.. twins.Where((_, i) => i % 7 == 0).Select(t => Turn(t, 1, "first"))]);

        IReadOnlyList<CommitOutcome> outcomes = await silo.CommitAsync(
            [.. twins.Select(t => Turn(t, 1, "second"))], [.. twins.Select(t => Snapshot(t, 1))], default);

        Assert.Equal(twins.Select((_, i) => i % 7 == 0 ? CommitOutcome.Fenced : CommitOutcome.Committed), outcomes);
        Assert.Equal(700, await _home.CountAsync("turn"));
        Assert.Equal(600, await _home.CountAsync("snapshot"));
    }

    [Fact]
    public async Task A_turn_of_an_erased_revision_is_fenced_while_another_erases()
    {
        await using PostgreSqlTwinStore first = await _home.OpenAsync(Silo("one"));
        await using PostgreSqlTwinStore second = await _home.OpenAsync(Silo("two"));
        await first.Commit([.. Enumerable.Range(1, 1_400).Select(r => Turn(Turbine, r))]);

        Task erasing = first.EraseAsync(Turbine, long.MaxValue, CancellationToken.None);
        for (int revision = 1; !erasing.IsCompleted; revision = (revision % 1_400) + 1)
        {
            Assert.Equal([CommitOutcome.Fenced], await second.Commit(Turn(Turbine, revision, "of a stale activation")));
        }

        await erasing;
        Assert.Equal(0, await _home.CountAsync("turn"));
        Assert.Equal([CommitOutcome.Committed], await second.Commit(Turn(Turbine, 1_401)));
    }

    [Fact]
    public async Task A_silo_that_sleeps_while_another_erases_holds_up_nobody_elses_commits_for_long()
    {
        await using PostgreSqlTwinStore first = await _home.OpenAsync(Silo("one"));
        await using PostgreSqlTwinStore second = await _home.OpenAsync(Silo("two"));
        await first.Commit(Turn(Turbine, 1), Turn(Turbine, 2));
        await using (PostgreSqlTwinStore third = await _home.OpenAsync(Silo("three")))
        {
            await third.Commit(Turn(Turbine, 3));
        }

        await using NpgsqlConnection asleep = new($"{_home.ConnectionString};Pooling=false");
        await asleep.OpenAsync();
        await using NpgsqlTransaction begun = await asleep.BeginTransactionAsync();
        await using NpgsqlCommand holds = new(
            "SELECT 1 FROM silo_incarnation WHERE silo = 'three' FOR SHARE", asleep);
        await holds.ExecuteNonQueryAsync();
        Task erasing = first.EraseAsync(Turbine, 2, CancellationToken.None);
        while (await _home.ReadAsync("""
            SELECT EXISTS (
                SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%ORDER BY 1 FOR UPDATE')
            """) is false)
        {
            Assert.False(erasing.IsCompleted);
        }

        // It has the rows of one and two by now; without a bound it keeps them until its command times out, after 10 s.
        long start = TimeProvider.System.GetTimestamp();
        Assert.Equal([CommitOutcome.Committed], await second.Commit(Turn(Turbine, 4)));
        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        await begun.RollbackAsync();
        await erasing;
        Assert.Equal(3, await _home.CountAsync("turn"));
    }

    private static StoreOwner Silo(string name) => new("twingrid", name, IsAlone: false);

    // Commits what would follow what it last saw, and looks again where it was fenced.
    private static async Task<Dictionary<TwinId, List<long>>> RaceAsync(
        PostgreSqlTwinStore store, int seed, TwinId[] twins, int groups)
    {
        Random random = new(seed);
        Dictionary<TwinId, List<long>> committed = twins.ToDictionary(t => t, _ => new List<long>());
        Dictionary<TwinId, long> heads = twins.ToDictionary(t => t, _ => 0L);
        for (int group = 0; group < groups; group++)
        {
            TwinTurn[] turns = [.. random.GetItems(twins, twins.Length).Distinct().Select(
                t => Turn(t, heads[t] + 1, $"silo {seed}"))];
            IReadOnlyList<CommitOutcome> outcomes = await SendAsync(store, turns);
            for (int i = 0; i < turns.Length; i++)
            {
                if (outcomes[i] == CommitOutcome.Committed)
                {
                    committed[turns[i].Twin].Add(turns[i].Revision);
                    heads[turns[i].Twin]++;
                }
                else
                {
                    heads[turns[i].Twin] = (await store.Load(turns[i].Twin)).Tail.Count;
                }
            }
        }

        return committed;
    }

    private static async Task<IReadOnlyList<CommitOutcome>> SendAsync(PostgreSqlTwinStore store, TwinTurn[] turns)
    {
        while (true)
        {
            try
            {
                return await store.Commit(turns);
            }
            catch (TwinGridUnavailableException)
            {
                // Two that waited for each other: one of them is told to send again.
                continue;
            }
        }
    }
}
