using System.Diagnostics;
using Npgsql;
using TwinGrid.Storage.PostgreSql;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage.PostgreSql;

/// <summary>Silos of one database: who lives, who is taken over from, and who must not begin.</summary>
public sealed class PostgreSqlLeaseTests : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(1);

    private readonly PostgreSqlHome _home = new();

    public ValueTask InitializeAsync() => _home.InitializeAsync();

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task A_fenced_life_commits_nothing_prolongs_no_lease_and_the_others_go_on()
    {
        await using PostgreSqlTwinStore dead = await _home.OpenAsync(Silo("one"));
        await using PostgreSqlTwinStore other = await _home.OpenAsync(Silo("two"));
        await dead.Commit(Turn(Turbine, 1));
        Assert.Equal(StoreLease.Held, await dead.RenewLeaseAsync(Lease, default));

        await other.FenceAsync("life of one", default);

        Assert.Equal(StoreLease.Fenced, await dead.RenewLeaseAsync(Lease, default));
        Assert.Equal([CommitOutcome.Fenced], await dead.Commit(Turn(Turbine, 2)));
        Assert.Equal([CommitOutcome.Committed], await other.Commit(Turn(Turbine, 2)));
        Assert.Equal(StoreLease.Held, await other.RenewLeaseAsync(Lease, default));
    }

    [Fact]
    public async Task Whoever_fences_waits_until_the_lease_is_over_and_no_longer()
    {
        await using PostgreSqlTwinStore dead = await _home.OpenAsync(Silo("one"));
        await using PostgreSqlTwinStore other = await _home.OpenAsync(Silo("two"));
        Stopwatch since = Stopwatch.StartNew();
        await dead.RenewLeaseAsync(Lease, default);

        await other.FenceAsync("life of one", default);

        Assert.True(since.Elapsed >= Lease, $"It ended after {since.Elapsed}");
        since.Restart();
        await other.FenceAsync("life of one", default);
        await other.FenceAsync("a life that nobody knows", default);
        Assert.True(since.Elapsed < Lease, $"What was fenced before took {since.Elapsed}");
    }

    [Fact]
    public async Task A_lease_that_was_given_back_is_not_waited_for()
    {
        await using PostgreSqlTwinStore gone = await _home.OpenAsync(Silo("one", TimeSpan.FromHours(1)));
        await using PostgreSqlTwinStore other = await _home.OpenAsync(Silo("two"));

        await gone.RenewLeaseAsync(TimeSpan.Zero, default);

        await other.FenceAsync("life of one", default).WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_life_that_sleeps_in_the_middle_of_a_commit_is_fenced_all_the_same()
    {
        await using PostgreSqlTwinStore dead = await _home.OpenAsync(Silo("one"));
        await using PostgreSqlTwinStore other = await _home.OpenAsync(Silo("two"));
        await dead.Commit(Turn(Turbine, 1));
        string name = (string)(await _home.ReadAsync(
            "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'twingrid %one' LIMIT 1"))!;
        await using NpgsqlConnection asleep = new($"{_home.ConnectionString};Application Name={name};Pooling=false");
        await asleep.OpenAsync();
        await using NpgsqlTransaction begun = await asleep.BeginTransactionAsync();
        await using NpgsqlCommand holds = new(
            "SELECT 1 FROM silo_incarnation FOR SHARE; INSERT INTO turn VALUES (1, 2, 0, 0, 1, 1, '')", asleep);
        await holds.ExecuteNonQueryAsync();

        await other.FenceAsync("life of one", default);

        Assert.Equal([CommitOutcome.Committed], await other.Commit(Turn(Turbine, 2)));
    }

    [Fact]
    public async Task A_lease_is_prolonged_while_a_commit_is_under_way_and_holds_up_none()
    {
        await using PostgreSqlTwinStore silo = await _home.OpenAsync(Silo("one"));
        await using NpgsqlConnection commit = new($"{_home.ConnectionString};Pooling=false");
        await commit.OpenAsync();
        await using NpgsqlTransaction under = await commit.BeginTransactionAsync();
        await using NpgsqlCommand holds = new("SELECT 1 FROM silo_incarnation FOR SHARE", commit);
        await holds.ExecuteNonQueryAsync();

        using CancellationTokenSource late = new(TimeSpan.FromSeconds(20));
        Assert.Equal(StoreLease.Held, await silo.RenewLeaseAsync(Lease, late.Token));
        Assert.Equal([CommitOutcome.Committed], await silo.Commit(Turn(Turbine, 1)));
    }

    [Theory]
    [InlineData("twingrid", "one", false, "TwinGrid:Cluster:SiloName")]
    [InlineData("another", "three", false, "TwinGrid:Cluster:ClusterId")]
    [InlineData("another", "three", true, "TwinGrid:Cluster:ClusterId")]
    [InlineData("twingrid", "three", true, "TwinGrid:Cluster:Membership")]
    public async Task Beside_a_silo_that_lives_none_begins_that_it_cannot_share_the_database_with(
        string cluster, string silo, bool isAlone, string key)
    {
        await using PostgreSqlTwinStore lives = await _home.OpenAsync(Silo("one", Lease));
        using CancellationTokenSource stop = new();
        Task renewing = RenewAsync(lives, stop.Token);

        TwinGridException refused = await Assert.ThrowsAsync<TwinGridException>(
            () => _home.OpenAsync(new StoreOwner(cluster, silo, isAlone) { Lease = Lease }));

        await stop.CancelAsync();
        await renewing;
        Assert.Contains(key, refused.Message, StringComparison.Ordinal);
        Assert.Equal([CommitOutcome.Committed], await lives.Commit(Turn(Turbine, 1)));
    }

    [Theory]
    [InlineData("twingrid", "one", false)]
    [InlineData("another", "three", false)]
    [InlineData("twingrid", "three", true)]
    public async Task A_silo_whose_lease_ran_out_is_taken_over_from_when_it_is_over(
        string cluster, string silo, bool isAlone)
    {
        Stopwatch since = Stopwatch.StartNew();
        await using PostgreSqlTwinStore dead = await _home.OpenAsync(Silo("one", Lease));

        await using PostgreSqlTwinStore next = await _home.OpenAsync(
            new StoreOwner(cluster, silo, isAlone) { Lease = Lease });

        Assert.True(since.Elapsed >= Lease, $"It began after {since.Elapsed}");
        Assert.Equal([CommitOutcome.Fenced], await dead.Commit(Turn(Turbine, 1)));
        Assert.Equal(StoreLease.Fenced, await dead.RenewLeaseAsync(Lease, default));
        Assert.Equal([CommitOutcome.Committed], await next.Commit(Turn(Turbine, 1)));
    }

    [Fact]
    public async Task One_that_is_alone_takes_over_from_one_that_was_alone_though_it_lives()
    {
        await using PostgreSqlTwinStore lives = await _home.OpenAsync(
            new StoreOwner("twingrid", "host-1", true) { Lease = Lease });
        using CancellationTokenSource stop = new();
        Task renewing = RenewAsync(lives, stop.Token);

        await using PostgreSqlTwinStore next = await _home.OpenAsync(
            new StoreOwner("twingrid", "host-2", true) { Lease = Lease });

        await stop.CancelAsync();
        await renewing;
        Assert.Equal(StoreLease.Fenced, await lives.RenewLeaseAsync(Lease, default));
        Assert.Equal([CommitOutcome.Committed], await next.Commit(Turn(Turbine, 1)));
    }

    private static StoreOwner Silo(string name, TimeSpan lease = default) =>
        new("twingrid", name, IsAlone: false) { Life = $"life of {name}", Lease = lease };

    private static async Task RenewAsync(PostgreSqlTwinStore store, CancellationToken stop)
    {
        using PeriodicTimer timer = new(Lease / 10);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await store.RenewLeaseAsync(Lease, CancellationToken.None);
            }
            catch (TwinGridUnavailableException)
            {
                // Whoever takes over ends every session of its predecessor: one that lives asks again.
            }

            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
