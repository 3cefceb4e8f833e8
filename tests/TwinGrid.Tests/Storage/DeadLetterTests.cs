using Microsoft.Extensions.Time.Testing;
using TwinGrid.Storage.Sqlite;

namespace TwinGrid.Tests.Storage;

public sealed class DeadLetterTests : IDisposable
{
    private readonly StoreDirectory _directory = new();
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Letters_are_read_newest_first_page_by_page()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync(clock: _clock);
        await store.AppendDeadLettersAsync([Letter("a"), Letter("b"), Letter("c")], CancellationToken.None);

        IReadOnlyList<StoredDeadLetter> first = await store.ReadDeadLettersAsync(null, 2, CancellationToken.None);
        IReadOnlyList<StoredDeadLetter> rest = await store.ReadDeadLettersAsync(
            first[^1].Id, 2, CancellationToken.None);

        Assert.Equal(["c", "b"], first.Select(stored => stored.Letter.Topic));
        Assert.Equal(["a"], rest.Select(stored => stored.Letter.Topic));
    }

    [Fact]
    public async Task A_letter_comes_back_as_it_was_with_the_first_KiB_of_its_payload()
    {
        DeadLetter letter = Letter("twins/pump/ü/telemetry") with
        {
            Client = "",
            Detail = "expected a number at $.temperature, found {",
            Size = 5_000,
            Sample = Enumerable.Range(0, 5_000).Select(i => (byte)i).ToArray(),
        };
        await using (SqliteTwinStore store = await _directory.OpenAsync(clock: _clock))
        {
            await store.AppendDeadLettersAsync([letter], CancellationToken.None);
        }

        await using SqliteTwinStore again = await _directory.OpenAsync(clock: _clock);
        DeadLetter read = (await again.ReadDeadLettersAsync(null, 10, CancellationToken.None))[0].Letter;

        Assert.Equal(letter with { Sample = default }, read with { Sample = default });
        Assert.Equal(letter.Sample[..1024].ToArray(), read.Sample.ToArray());
    }

    [Fact]
    public async Task The_oldest_beyond_the_limit_go()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync(new LimitOptions { DeadLetters = 5 }, _clock);
        foreach (int batch in Enumerable.Range(0, 4))
        {
            await store.AppendDeadLettersAsync(
                [Letter($"{batch}a"), Letter($"{batch}b"), Letter($"{batch}c")], CancellationToken.None);
        }

        IReadOnlyList<StoredDeadLetter> left = await store.ReadDeadLettersAsync(null, 100, CancellationToken.None);

        Assert.Equal(["3c", "3b", "3a", "2c", "2b"], left.Select(stored => stored.Letter.Topic));
    }

    [Fact]
    public async Task Letters_beyond_their_age_go()
    {
        LimitOptions limits = new() { DeadLettersKeep = TimeSpan.FromDays(7) };
        await using SqliteTwinStore store = await _directory.OpenAsync(limits, _clock);
        await store.AppendDeadLettersAsync([Letter("old")], CancellationToken.None);
        _clock.Advance(TimeSpan.FromDays(6));
        await store.AppendDeadLettersAsync([Letter("young")], CancellationToken.None);
        Assert.Equal(2, (await store.ReadDeadLettersAsync(null, 9, CancellationToken.None)).Count);

        _clock.Advance(TimeSpan.FromDays(2));
        await store.AppendDeadLettersAsync([Letter("new")], CancellationToken.None);

        IReadOnlyList<StoredDeadLetter> left = await store.ReadDeadLettersAsync(null, 9, CancellationToken.None);
        Assert.Equal(["new", "young"], left.Select(stored => stored.Letter.Topic));
    }

    [Fact]
    public async Task Ids_rise_even_after_all_have_gone()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync(clock: _clock);
        await store.AppendDeadLettersAsync([Letter("a"), Letter("b")], CancellationToken.None);
        long before = (await store.ReadDeadLettersAsync(null, 1, CancellationToken.None))[0].Id;
        _directory.Execute("DELETE FROM dead_letter");

        await store.AppendDeadLettersAsync([Letter("c")], CancellationToken.None);

        Assert.True((await store.ReadDeadLettersAsync(null, 1, CancellationToken.None))[0].Id > before);
    }

    private DeadLetter Letter(string topic) => new()
    {
        Time = UnixMicroseconds.Now(_clock),
        Topic = topic,
        Client = "client",
        Reason = "malformed-json",
        Detail = "not JSON",
        Size = 3,
        Sample = new byte[] { 1, 2, 3 },
    };
}
