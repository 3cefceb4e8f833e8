using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Orleans.Runtime;
using TwinGrid.Tests.Simulation;
using TwinGrid.Twins;
using TwinGrid.Twins.Committing;
using TwinGrid.Twins.Fencing;

namespace TwinGrid.Tests.Twins.Fencing;

/// <summary>When a silo may answer for its twins.</summary>
public sealed class SiloLeaseTests : IAsyncDisposable
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(2);

    private readonly FakeTimeProvider _clock = new();
    private readonly List<TaskCompletionSource<StoreLease>> _questions = [];
    private readonly CommitHealth _commits;
    private readonly SiloLease _lease;
    private Func<Task<StoreLease>>? _answer;
    private int _ends;

    public SiloLeaseTests()
    {
        ITwinStore store = Stub.Of<ITwinStore>(method => method.Name == nameof(ITwinStore.RenewLeaseAsync)
            ? Ask()
            : throw new NotSupportedException(method.Name));
        IFatalErrorHandler end = Stub.Of<IFatalErrorHandler>(_ =>
        {
            _ends++;
            return null;
        });
        _commits = new CommitHealth(_clock);
        _lease = new SiloLease(
            store,
            _commits,
            Options.Create(new TwinsHostingOptions { Lease = Length }),
            end,
            _clock,
            NullLogger<SiloLease>.Instance);
    }

    public ValueTask DisposeAsync() => _lease.DisposeAsync();

    [Fact]
    public async Task A_lease_begins_at_the_moment_before_it_was_asked_for()
    {
        Task<bool> confirming = ConfirmAsync();
        _clock.Advance(TimeSpan.FromMilliseconds(700));
        _questions[0].SetResult(StoreLease.Held);
        Assert.True(await confirming);

        _clock.Advance(TimeSpan.FromMilliseconds(1_299));
        Assert.True(_lease.IsHeld);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(_lease.IsHeld);
    }

    [Fact]
    public async Task A_lapsed_lease_is_asked_for_once_by_all_who_read()
    {
        Task<bool>[] readers = [ConfirmAsync(), ConfirmAsync(), ConfirmAsync()];
        Assert.Single(_questions);

        _questions[0].SetResult(StoreLease.Held);

        Assert.All(await Task.WhenAll(readers), Assert.True);
        Assert.True(await ConfirmAsync());
        Assert.Single(_questions);
    }

    [Fact]
    public async Task What_came_of_a_question_from_before_a_long_pause_does_not_count()
    {
        Task<bool> before = ConfirmAsync();

        // The process stands still: its timers are late, and then all of it happens at once.
        _clock.Advance(5 * Length);
        _questions[0].SetResult(StoreLease.Held);
        await Wait.UntilAsync(() => _questions.Count == 2);
        Assert.False(_lease.IsHeld);

        Task<bool> reader = ConfirmAsync();
        _questions[1].SetResult(StoreLease.Fenced);
        await Assert.ThrowsAsync<TwinGridUnavailableException>(() => reader);
        await Assert.ThrowsAsync<TwinGridUnavailableException>(() => before);
    }

    [Fact]
    public async Task A_question_that_failed_in_a_long_pause_is_asked_again_before_anything_old_is_told()
    {
        Task<bool> before = ConfirmAsync();
        _clock.Advance(5 * Length);
        _questions[0].SetException(new TwinGridUnavailableException("the session was ended"));
        await Wait.UntilAsync(() => _questions.Count == 2);

        _questions[1].SetResult(StoreLease.Fenced);

        await Assert.ThrowsAsync<TwinGridUnavailableException>(() => before);
    }

    [Fact]
    public async Task While_the_store_is_away_nobody_waits_for_it_twice()
    {
        Task<bool> confirming = ConfirmAsync();
        _questions[0].SetException(new TwinGridUnavailableException("away"));
        Assert.False(await confirming);

        Assert.False(await ConfirmAsync());

        Assert.Single(_questions);
        Assert.Equal(0, _ends);
    }

    [Fact]
    public async Task A_store_that_took_a_commit_is_back_and_asked_again_at_once()
    {
        Task<bool> confirming = ConfirmAsync();
        _questions[0].SetException(new TwinGridUnavailableException("away"));
        Assert.False(await confirming);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        _commits.Taken();

        Task<bool> reader = ConfirmAsync();
        Assert.Equal(2, _questions.Count);
        _questions[1].SetResult(StoreLease.Held);

        Assert.True(await reader);
    }

    [Fact]
    public async Task A_store_that_does_not_answer_is_waited_for_no_longer_than_two_seconds()
    {
        Task<bool> confirming = ConfirmAsync();
        TimeSpan waited = TimeSpan.Zero;
        await Wait.UntilAsync(() =>
        {
            if (!confirming.IsCompleted)
            {
                _clock.Advance(TimeSpan.FromMilliseconds(10));
                waited += TimeSpan.FromMilliseconds(10);
            }

            return confirming.IsCompleted;
        });

        Assert.False(await confirming);
        Assert.InRange(waited, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2.5));
    }

    [Fact]
    public async Task A_fenced_silo_answers_nobody_and_ends()
    {
        Task<bool> confirming = ConfirmAsync();
        _questions[0].SetResult(StoreLease.Fenced);

        await Assert.ThrowsAsync<TwinGridUnavailableException>(() => confirming);
        await Assert.ThrowsAsync<TwinGridUnavailableException>(ConfirmAsync);

        Assert.Equal(1, _ends);
        Assert.False(_lease.IsHeld);
    }

    [Fact]
    public async Task A_store_of_one_process_is_asked_once_for_ever()
    {
        _answer = () => Task.FromResult(StoreLease.Endless);
        await _lease.StartAsync();
        _clock.Advance(TimeSpan.FromDays(1_000));

        Assert.True(_lease.IsHeld);
        Assert.Empty(_questions);
    }

    [Fact]
    public async Task A_lease_that_runs_is_prolonged_four_times_in_its_length()
    {
        int asked = 0;
        _answer = () =>
        {
            asked++;
            return Task.FromResult(StoreLease.Held);
        };
        await _lease.StartAsync();
        for (int i = 0; i < 40; i++)
        {
            int before = asked;
            await Wait.UntilAsync(() =>
            {
                _clock.Advance(Length / 16);
                return asked > before;
            });
            Assert.True(_lease.IsHeld);
        }
    }

    [Fact]
    public async Task A_lease_that_was_given_back_holds_no_more()
    {
        _answer = () => Task.FromResult(StoreLease.Held);
        Assert.True(await ConfirmAsync());

        await _lease.ReleaseAsync();

        Assert.False(_lease.IsHeld);
        await Assert.ThrowsAsync<TwinGridUnavailableException>(ConfirmAsync);
    }

    private Task<bool> ConfirmAsync() => _lease.ConfirmAsync().AsTask();

    private Task<StoreLease> Ask()
    {
        if (_answer is not null)
        {
            return _answer();
        }

        TaskCompletionSource<StoreLease> question = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _questions.Add(question);
        return question.Task;
    }
}
