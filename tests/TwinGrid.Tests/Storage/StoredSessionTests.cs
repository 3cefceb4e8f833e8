using System.Diagnostics;
using System.Text;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

/// <summary>What is promised of every store.</summary>
public abstract class StoredSessionTests<THome> : IAsyncLifetime
    where THome : StoreHome, new()
{
    private readonly THome _home = new();

    public ValueTask InitializeAsync() => _home.InitializeAsync();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _home.DisposeAsync();
    }

    [Fact]
    public async Task A_client_that_was_never_here_has_no_session()
    {
        ITwinStore store = await _home.OpenAsync();

        Assert.Null(await store.LoadSession("device-1"));
        Assert.Empty(await store.Sessions());
    }

    [Theory]
    [InlineData("device-1", 0u, null, "")]
    [InlineData("device-1", 4_294_967_295u, 1_790_000_000_000_000L, "filters")]
    [InlineData("Gerät Ω 🌬 'x'; --", 3_600u, -1L, "filters")]
    public async Task A_session_is_there_after_a_restart(string client, uint expiry, long? endedAt, string state)
    {
        StoredSession session = Session(client, state) with { ExpirySeconds = expiry, EndedAt = endedAt };
        await _home.WhileOpenAsync(async store =>
        {
            await store.Save(session);
        });

        ITwinStore again = await _home.OpenAsync();
        StoredSession? read = await again.LoadSession(client);

        Assert.Equal(session with { State = default }, read! with { State = default });
        Assert.Equal(state, read.State.Text());
    }

    [Fact]
    public async Task A_gateway_that_lost_a_session_changes_its_row_no_more_and_whoever_has_it_does()
    {
        ITwinStore store = await _home.OpenAsync();
        SessionClaim older = new(7, "b");
        SessionClaim newer = new(7, "c");
        SessionClaim newest = new(8, "a");
        await store.Save(Session("device-1", "older") with { Claim = older });
        await store.Save(Session("device-1", "newer") with { Claim = newer });
        await store.Save(Session("device-1", "late") with { Claim = older });
        await store.SaveSessionsAsync([new SessionChange("device-1", null) { Claim = older }], CancellationToken.None);

        StoredSession kept = (await store.LoadSession("device-1"))!;
        Assert.Equal("newer", kept.State.Text());
        Assert.Equal(newer, kept.Claim);

        await store.Save(Session("device-1", "again") with { Claim = newer });
        Assert.Equal("again", (await store.LoadSession("device-1"))!.State.Text());
        await store.SaveSessionsAsync([new SessionChange("device-1", null) { Claim = newest }], CancellationToken.None);
        Assert.Null(await store.LoadSession("device-1"));
    }

    [Fact]
    public async Task Of_gateways_that_take_over_the_same_session_one_gets_it()
    {
        ITwinStore store = await _home.OpenAsync();
        StoredSession[] seen = [.. Enumerable.Range(0, 8).Select(i => Session($"device-{i}") with
        {
            Claim = new SessionClaim(7, "dead"),
        })];
        await store.Save(seen);
        IReadOnlyList<bool>[] taken = await Task.WhenAll(Enumerable.Range(0, 4).Select(gateway =>
            store.TakeSessionsAsync(
                [.. seen.Select(row => new SessionTakeover(row, Taken(row, gateway)))], CancellationToken.None)));

        for (int i = 0; i < seen.Length; i++)
        {
            int winner = Assert.Single(Enumerable.Range(0, 4), gateway => taken[gateway][i]);
            StoredSession row = (await store.LoadSession(seen[i].Client))!;
            Assert.Equal(Taken(seen[i], winner) with { State = default }, row with { State = default });
            Assert.Equal($"taken by {winner}", row.State.Text());
        }

        static StoredSession Taken(StoredSession row, int gateway) => row with
        {
            EndedAt = gateway,
            State = Encoding.UTF8.GetBytes($"taken by {gateway}"),
            Claim = new SessionClaim(8 + gateway, $"{gateway}"),
        };
    }

    [Fact]
    public async Task A_session_that_changed_since_it_was_seen_or_is_gone_is_not_taken_over()
    {
        ITwinStore store = await _home.OpenAsync();
        SessionClaim claim = new(7, "dead");
        StoredSession changed = Session("changed") with { Claim = claim };
        StoredSession claimed = Session("claimed") with { Claim = claim };
        StoredSession gone = Session("gone") with { Claim = claim };
        StoredSession same = Session("same") with { Claim = claim };
        await store.Save(
            Session("changed", "more filters") with { Claim = claim },
            claimed with { Claim = new SessionClaim(8, "other") },
            same);

        IReadOnlyList<bool> taken = await store.TakeSessionsAsync(
            [.. new[] { changed, gone, same, claimed }.Select(row => new SessionTakeover(
                row, row with { State = Encoding.UTF8.GetBytes("taken"), Claim = new SessionClaim(9, "me") }))],
            CancellationToken.None);

        Assert.Equal([false, false, true, false], taken);
        Assert.Equal(
            ["changed more filters", "claimed filters", "same taken"],
            (await store.Sessions()).Select(row => $"{row.Client} {row.State.Text()}").Order());
    }

    [Fact]
    public async Task A_client_identifier_of_the_greatest_length_is_kept()
    {
        // MQTT 5 section 1.5.4: a UTF-8 string has at most 65,535 bytes; the euro sign takes three of them.
        string client = new('€', 21_845);
        ITwinStore store = await _home.OpenAsync();

        await store.Save(Session(client), Session("€"));

        Assert.Equal(client, (await store.LoadSession(client))!.Client);
        Assert.Equal(2, (await store.Sessions()).Count);
    }

    [Fact]
    public async Task Client_identifiers_differ_by_case()
    {
        ITwinStore store = await _home.OpenAsync();

        await store.Save(Session("pump", "lower"), Session("Pump", "upper"));

        Assert.Equal("lower", (await store.LoadSession("pump"))!.State.Text());
        Assert.Equal("upper", (await store.LoadSession("Pump"))!.State.Text());
    }

    [Fact]
    public async Task Changes_of_one_client_count_in_their_order()
    {
        ITwinStore store = await _home.OpenAsync();
        await store.Save(Session("a", "old"), Session("b", "old"), Session("c", "old"));

        await store.SaveSessionsAsync(
            [
                new SessionChange("a", Session("a", "new")),
                new SessionChange("b", null),
                new SessionChange("c", null),
                new SessionChange("c", Session("c", "again")),
                new SessionChange("d", Session("d", "first")),
                new SessionChange("d", null),
                new SessionChange("e", null),
            ],
            CancellationToken.None);

        Assert.Equal(
            ["a new", "c again"], (await store.Sessions()).Select(s => $"{s.Client} {s.State.Text()}").Order());
    }

    [Fact]
    public async Task No_changes_are_no_transaction()
    {
        ITwinStore zombie = await _home.OpenAsync();
        ITwinStore successor = await _home.OpenAsync();

        await zombie.Save();
    }

    [Fact]
    public async Task A_change_that_holds_the_session_of_another_client_is_refused()
    {
        ITwinStore store = await _home.OpenAsync();

        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(() => store.SaveSessionsAsync(
            [new SessionChange("a", Session("a")), new SessionChange("b", Session("c"))], CancellationToken.None));

        Assert.Contains("'b' holds that of 'c'", refused.Message, StringComparison.Ordinal);
        Assert.Empty(await store.Sessions());
    }

    [Fact]
    public async Task All_sessions_are_read_once_over_many_pages()
    {
        // 2,500 small ones are three pages by number; 20 of 1 MiB are five or more by size.
        ITwinStore store = await _home.OpenAsync();
        string large = new('x', 1024 * 1024);
        StoredSession[] sessions =
        [
            .. Enumerable.Range(0, 2_500).Select(i => Session($"small-{i}")),
            .. Enumerable.Range(0, 20).Select(i => Session($"large-{i}", large)),
        ];
        await store.Save(sessions);

        List<StoredSession> read = await store.Sessions();

        Assert.Equal(2_520, read.Count);
        Assert.Equal(sessions.Select(s => s.Client).Order(), read.Select(s => s.Client).Order());
    }

    [Fact]
    public async Task Five_thousand_changes_take_well_under_a_second()
    {
        ITwinStore store = await _home.OpenAsync();
        StoredSession[] sessions = [.. Enumerable.Range(0, 5_000).Select(i => Session($"device-{i:00000}"))];
        await store.Save(sessions);

        // The best of five: a machine that does something else now is not slow.
        TimeSpan best = TimeSpan.MaxValue;
        for (int attempt = 0; attempt < 5; attempt++)
        {
            long start = Stopwatch.GetTimestamp();
            await store.Save([.. sessions.Select(s => s with { EndedAt = 1_790_000_000_000_000 + attempt })]);
            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            best = elapsed < best ? elapsed : best;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"5,000 changes: {best.TotalMilliseconds:0} ms");
        Assert.True(best < TimeSpan.FromSeconds(0.5), $"5,000 changes took {best.TotalMilliseconds:0} ms");
    }

    [Fact]
    public async Task A_process_that_was_taken_over_keeps_no_session_and_says_why()
    {
        ITwinStore zombie = await _home.OpenAsync();
        await zombie.Save(Session("a", "old"));
        ITwinStore successor = await _home.OpenAsync();

        TwinGridException refused = await Assert.ThrowsAsync<TwinGridException>(() => zombie.Save(Session("a", "new")));

        Assert.Contains(_home.Place, refused.Message, StringComparison.Ordinal);
        Assert.Equal("old", (await successor.LoadSession("a"))!.State.Text());
    }

    [Theory]
    [InlineData("UPDATE session SET state = 'filterz' WHERE client = 'b'", "CRC32C")]
    [InlineData("UPDATE session SET expiry_seconds = 1 WHERE client = 'b'", "CRC32C")]
    [InlineData("UPDATE session SET ended_at = 1 WHERE client = 'b'", "CRC32C")]
    [InlineData("UPDATE session SET crc = crc + 1 WHERE client = 'b'", "CRC32C")]
    [InlineData("UPDATE session SET record = 2 WHERE client = 'b'", "version 2")]
    public async Task A_damaged_session_is_none_and_does_not_keep_back_the_others(string damage, string why)
    {
        TestLog log = new();
        ITwinStore store = await _home.OpenAsync(log: log);
        await store.Save(Session("a"), Session("b"), Session("c"));
        Assert.Equal(1, await _home.ExecuteAsync(damage));

        Assert.Null(await store.LoadSession("b"));
        Assert.Equal(["a", "c"], (await store.Sessions()).Select(s => s.Client).Order());
        Assert.Equal(2, log.Errors.Count(e => e.Contains("session of b", StringComparison.Ordinal)
            && e.Contains(why, StringComparison.Ordinal)));

        await store.Save(Session("b", "subscribed again"));
        Assert.Equal("subscribed again", (await store.LoadSession("b"))!.State.Text());
    }

    [Fact]
    public async Task A_session_that_was_put_to_another_client_is_none()
    {
        ITwinStore store = await _home.OpenAsync();
        await store.Save(Session("a", "filters of a"));

        await _home.ExecuteAsync("UPDATE session SET client = 'b'");

        Assert.Null(await store.LoadSession("a"));
        Assert.Null(await store.LoadSession("b"));
    }

    private static StoredSession Session(string client, string state = "filters") => new()
    {
        Client = client,
        ExpirySeconds = 3_600,
        EndedAt = null,
        State = Encoding.UTF8.GetBytes(state),
    };
}

internal static class SessionWords
{
    public static Task Save(this ITwinStore store, params StoredSession[] sessions) =>
        store.SaveSessionsAsync([.. sessions.Select(s => new SessionChange(s.Client, s))], CancellationToken.None);

    public static Task<StoredSession?> LoadSession(this ITwinStore store, string client) =>
        store.LoadSessionAsync(client, CancellationToken.None);

    public static async Task<List<StoredSession>> Sessions(this ITwinStore store)
    {
        List<StoredSession> sessions = [];
        await foreach (StoredSession session in store.ReadSessionsAsync(CancellationToken.None))
        {
            sessions.Add(session);
        }

        return sessions;
    }
}
