using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Orleans.Runtime;
using TwinGrid.Hosting.Api;

namespace TwinGrid.Tests.Hosting;

/// <summary>A read whose silo goes while it is under way is made again, as long as its requester may wait.</summary>
public sealed class ReadAgainTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection()
        .Configure<HttpOptions>(static http => http.Timeout = TimeSpan.FromSeconds(2))
        .BuildServiceProvider();

    private readonly ApiCalls _grid;
    private int _calls;

    public ReadAgainTests() => _grid = By(TimeProvider.System);

    public void Dispose() => _services.Dispose();

    public static TheoryData<Exception> EndsOfASilo =>
        [new SiloUnavailableException("the silo stops"), new TaskCanceledException("the silo stops")];

    [Theory]
    [MemberData(nameof(EndsOfASilo), DisableDiscoveryEnumeration = true)]
    public async Task A_read_that_ended_with_its_silo_is_made_again(Exception end)
    {
        int answer = await _grid.Read(
            () => ++_calls < 3 ? Task.FromException<int>(end) : Task.FromResult(42), CancellationToken.None);

        Assert.Equal(42, answer);
        Assert.Equal(3, _calls);
    }

    [Theory]
    [MemberData(nameof(EndsOfASilo), DisableDiscoveryEnumeration = true)]
    public async Task A_read_that_no_silo_answers_ends_when_its_time_is_up(Exception end)
    {
        Exception said = await Assert.ThrowsAnyAsync<Exception>(
            () => _grid.Read(
                () =>
                {
                    _calls++;
                    return Task.FromException<int>(end);
                },
                CancellationToken.None));

        Assert.Same(end, said);
        Assert.InRange(_calls, 2, 101);
    }

    [Fact]
    public async Task A_read_whose_time_is_up_while_it_pauses_took_too_long()
    {
        FakeTimeProvider clock = new();
        Task<int> unanswered = new TaskCompletionSource<int>().Task;
        Task<int> read = By(clock).Read(
            () => ++_calls == 1
                ? Task.FromException<int>(new SiloUnavailableException("the silo stops"))
                : unanswered,
            CancellationToken.None);
        clock.Advance(TimeSpan.FromMinutes(1));

        await Assert.ThrowsAsync<TimeoutException>(() => read);
        Assert.Equal(2, _calls);
    }

    [Fact]
    public async Task A_read_whose_requester_has_gone_is_not_made_again()
    {
        using CancellationTokenSource gone = new();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _grid.Read(
                async () =>
                {
                    _calls++;
                    await gone.CancelAsync();
                    return await Task.FromCanceled<int>(gone.Token);
                },
                gone.Token));

        Assert.Equal(1, _calls);
    }

    private ApiCalls By(TimeProvider clock) => new(
        null!,
        new IngestBudget(Options.Create(new LimitOptions())),
        _services.GetRequiredService<IOptionsMonitor<HttpOptions>>(),
        clock);
}
