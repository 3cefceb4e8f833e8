using Microsoft.Extensions.Time.Testing;

namespace TwinGrid.Tests.Storage;

/// <summary>What is promised of every store.</summary>
public abstract class DeadLetterTests<THome> : IAsyncLifetime
    where THome : StoreHome, new()
{
    private readonly THome _home = new();
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    public ValueTask InitializeAsync() => _home.InitializeAsync();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _home.DisposeAsync();
    }

    [Fact]
    public async Task Letters_are_read_newest_first_page_by_page()
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
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
        await _home.WhileOpenAsync(async store =>
        {
            await store.AppendDeadLettersAsync([letter], CancellationToken.None);
        }, _clock);

        ITwinStore again = await _home.OpenAsync(clock: _clock);
        DeadLetter read = (await again.ReadDeadLettersAsync(null, 10, CancellationToken.None))[0].Letter;

        Assert.Equal(letter with { Sample = default }, read with { Sample = default });
        Assert.Equal(letter.Sample[..1024].ToArray(), read.Sample.ToArray());
    }

    [Fact]
    public async Task The_oldest_beyond_the_limit_go()
    {
        ITwinStore store = await _home.OpenAsync(new LimitOptions { DeadLetters = 5 }, _clock);
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
        ITwinStore store = await _home.OpenAsync(limits, _clock);
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
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        await store.AppendDeadLettersAsync([Letter("a"), Letter("b")], CancellationToken.None);
        long before = (await store.ReadDeadLettersAsync(null, 1, CancellationToken.None))[0].Id;
        await _home.ExecuteAsync("DELETE FROM dead_letter");

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
