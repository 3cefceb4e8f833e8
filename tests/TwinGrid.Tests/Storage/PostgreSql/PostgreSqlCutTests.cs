using Microsoft.Extensions.Logging.Abstractions;
using TwinGrid.Storage.PostgreSql;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage.PostgreSql;

/// <summary>
/// Commits whose connection is cut, at every place: what was sent again is there once, and everybody hears the truth.
/// </summary>
public sealed class PostgreSqlCutTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly PostgreSqlHome _home = new();

    public ValueTask InitializeAsync() => _home.InitializeAsync();

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Theory]
    [InlineData(3, false, 60, 31)]
    [InlineData(3, true, 60, 7)]
    [InlineData(300, false, 60, 401)]
    [InlineData(300, true, 60, 5)]
    public async Task A_connection_that_is_cut_at_any_byte_commits_every_turn_once_and_says_so(
        int twins, bool answers, int cuts, int step)
    {
        PostgreSqlServer server = await PostgreSqlServer.SharedAsync();
        await using CuttingProxy proxy = new(server.Port);
        await using PostgreSqlTwinStore store = await OpenAsync(proxy);
        TwinId[] group = [.. Enumerable.Range(0, twins).Select(i => new TwinId("pump", $"p{i}"))];
        await store.Commit([.. group.Select(t => Turn(t, 1))]);
        await store.Commit([.. group.Select(t => Turn(t, 2))]);
        int revision = 2;
        for (int cut = 0; cut < cuts; cut++)
        {
            revision++;
            if (answers)
            {
                proxy.CutAfterAnswered(cut * step);
            }
            else
            {
                proxy.CutAfterSent(cut * step);
            }

            TwinTurn[] turns = [.. group.Select(t => Turn(t, revision, $"cut {cut}"))];
            IReadOnlyList<CommitOutcome> outcomes = await SendAsync(store, turns, cut % 3 == 0);
            proxy.Spare();

            Assert.All(outcomes, outcome => Assert.Equal(CommitOutcome.Committed, outcome));
        }

        output.WriteLine($"{proxy.Cuts} connections were cut in {cuts} commits");
        Assert.True(proxy.Cuts > cuts / 4, $"Only {proxy.Cuts} connections were cut: this run shows nothing");
        Assert.Equal((long)revision * twins, await _home.CountAsync("turn"));
        foreach (TwinId twin in group)
        {
            StoredTwin stored = await store.Load(twin);
            Assert.Equal(revision, stored.Snapshot!.Revision + stored.Tail.Count);
        }
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_given_up_and_what_it_did_is_found_out()
    {
        PostgreSqlServer server = await PostgreSqlServer.SharedAsync();
        await using CuttingProxy proxy = new(server.Port);
        await using PostgreSqlTwinStore store = await OpenAsync(proxy, "Command Timeout=1;Timeout=1");
        (TwinTurn turn, TaskCompletionSource stalled) = await CommitUnansweredAsync(proxy, store);
        await Assert.ThrowsAsync<TwinGridUnavailableException>(() => store.Load(Turbine));
        stalled.SetResult();

        Assert.Equal([CommitOutcome.Committed], await store.Commit(turn));
        Assert.Equal([CommitOutcome.Fenced], await store.Commit(turn));
        Assert.Equal(2, await _home.CountAsync("turn"));
    }

    [Fact]
    public async Task A_turn_of_another_that_came_first_is_not_taken_for_ones_own()
    {
        PostgreSqlServer server = await PostgreSqlServer.SharedAsync();
        await using CuttingProxy proxy = new(server.Port);
        await using PostgreSqlTwinStore store = await OpenAsync(proxy, "Timeout=1");
        await using PostgreSqlTwinStore other = await _home.OpenAsync(new StoreOwner("twingrid", "other", false));
        await store.Commit(Turn(Turbine, 1));

        // The connection goes before the turn reaches the server; when it is back the other silo has that revision.
        TaskCompletionSource stalled = proxy.Stall();
        proxy.CutAfterSent(0);
        await Assert.ThrowsAsync<TwinGridUnavailableException>(() => store.Commit(Turn(Turbine, 2, "ours")));
        await other.Commit(Turn(Turbine, 2, "theirs"));
        stalled.SetResult();

        Assert.Equal([CommitOutcome.Fenced], await store.Commit(Turn(Turbine, 2, "ours")));
        Assert.Equal(["inputs", "theirs"], (await other.Load(Turbine)).Tail.Select(turn => turn.Inputs.Text()));
    }

    [Fact]
    public async Task While_the_server_is_away_a_commit_asks_for_one_connection_and_not_for_several()
    {
        PostgreSqlServer server = await PostgreSqlServer.SharedAsync();
        await using CuttingProxy proxy = new(server.Port);
        await using PostgreSqlTwinStore store = await OpenAsync(proxy);
        await store.Commit(Turn(Turbine, 1));
        proxy.IsAway = true;
        await Assert.ThrowsAsync<TwinGridUnavailableException>(() => store.Commit(Turn(Turbine, 2)));

        int came = proxy.Came;
        await Assert.ThrowsAsync<TwinGridUnavailableException>(() => store.Commit(Turn(Turbine, 2)));

        Assert.Equal(1, proxy.Came - came);
        proxy.IsAway = false;
        Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(Turbine, 2)));
    }

    [Fact]
    public async Task Of_a_turn_that_is_no_longer_in_the_log_nobody_says_that_it_was_not_committed()
    {
        PostgreSqlServer server = await PostgreSqlServer.SharedAsync();
        await using CuttingProxy proxy = new(server.Port);
        await using PostgreSqlTwinStore store = await OpenAsync(proxy, "Command Timeout=1;Timeout=1");
        (TwinTurn turn, TaskCompletionSource stalled) = await CommitUnansweredAsync(proxy, store);
        Assert.Equal(2, await _home.CountAsync("turn"));

        // What sealing and reclaiming by another silo leave of it, a minute later.
        await _home.ExecuteAsync("DELETE FROM turn; UPDATE twin SET erased_before = 3");
        stalled.SetResult();

        TwinGridException unknown = await Assert.ThrowsAsync<TwinGridException>(() => store.Commit(turn));
        Assert.Contains("not known", unknown.Message, StringComparison.Ordinal);
        Assert.Equal([CommitOutcome.Fenced], await store.Commit(Turn(Turbine, 2, "of a stale activation")));
        Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(Turbine, 3)));
    }

    [Fact]
    public async Task A_dead_letter_whose_connection_is_cut_at_any_byte_is_there_once()
    {
        PostgreSqlServer server = await PostgreSqlServer.SharedAsync();
        await using CuttingProxy proxy = new(server.Port);
        await using PostgreSqlTwinStore store = await OpenAsync(proxy);
        const int Letters = 60;
        for (int cut = 0; cut < Letters; cut++)
        {
            proxy.CutAfterAnswered(cut * 7);
            await store.AppendDeadLettersAsync(
                [
                    new DeadLetter
                    {
                        Time = UnixMicroseconds.Now(TimeProvider.System),
                        Topic = $"cut {cut}",
                        Client = "",
                        Reason = "cut",
                        Detail = "",
                        Size = 0,
                        Sample = default,
                    },
                ],
                CancellationToken.None);
            proxy.Spare();
        }

        output.WriteLine($"{proxy.Cuts} connections were cut");
        Assert.True(proxy.Cuts > Letters / 4, $"Only {proxy.Cuts} connections were cut: this run shows nothing");
        IReadOnlyList<StoredDeadLetter> kept =
            await store.ReadDeadLettersAsync(null, 2 * Letters, CancellationToken.None);
        Assert.Equal(
            Enumerable.Range(0, Letters).Reverse().Select(cut => $"cut {cut}"),
            kept.Select(letter => letter.Letter.Topic));
    }

    private async Task<PostgreSqlTwinStore> OpenAsync(CuttingProxy proxy, string more = "")
    {
        PostgreSqlTwinStore store = new(
            new PostgreSqlDatabase($"{_home.ConnectionString};Port={proxy.Port};{more}"),
            new StoreOwner("twingrid", "silo", IsAlone: false),
            new LimitOptions(),
            TimeProvider.System,
            NullLogger<PostgreSqlTwinStore>.Instance);
        await store.InitializeAsync(CancellationToken.None);
        return store;
    }

    /// <summary>The turbine's second turn, of which the server says nothing until the source is set.</summary>
    private static async Task<(TwinTurn Turn, TaskCompletionSource Stalled)> CommitUnansweredAsync(
        CuttingProxy proxy, PostgreSqlTwinStore store)
    {
        await store.Commit(Turn(Turbine, 1));
        TwinTurn turn = Turn(Turbine, 2, "committed and not answered");
        TaskCompletionSource stalled = proxy.Stall();
        await Assert.ThrowsAsync<TwinGridUnavailableException>(() => store.Commit(turn));
        return (turn, stalled);
    }

    private static async Task<IReadOnlyList<CommitOutcome>> SendAsync(
        PostgreSqlTwinStore store, TwinTurn[] turns, bool snapshots)
    {
        StoredSnapshot[] states = snapshots ? [.. turns.Select(t => Snapshot(t.Twin, t.Revision))] : [];
        while (true)
        {
            try
            {
                return await store.CommitAsync(turns, states, CancellationToken.None);
            }
            catch (TwinGridUnavailableException)
            {
                // As a committer does: the same turns again.
                continue;
            }
        }
    }
}
