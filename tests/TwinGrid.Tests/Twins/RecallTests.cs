namespace TwinGrid.Tests.Twins;

/// <summary>A command is first withdrawn from whoever would send it, then cancelled.</summary>
public sealed class RecallTests(TwoSiloGrid grid) : IClassFixture<TwoSiloGrid>
{
    [Fact]
    public async Task A_command_on_its_way_to_its_device_is_not_cancelled_and_is_told_again()
    {
        (ITwin twin, string id) = await QueuedAsync("sent");
        grid.RecallAnswer = effect => Task.FromResult(effect.Command!.Id != id);

        CancelAnswer answer = await twin.CancelAsync(id);

        Assert.Equal((CancelRefusal.Delivered, CommandStatus.Queued), (answer.Refusal, answer.Command!.Status));
        Assert.Equal(2, Told(id));
    }

    [Fact]
    public async Task While_a_command_is_called_back_no_device_that_comes_is_given_it()
    {
        (ITwin twin, string id) = await QueuedAsync("coming");
        TaskCompletionSource<bool> withdrawn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        grid.RecallAnswer = effect =>
        {
            asked.TrySetResult();
            return effect.Command!.Id == id ? withdrawn.Task : Task.FromResult(true);
        };

        Task<CancelAnswer> cancelling = twin.CancelAsync(id);
        await asked.Task;
        await twin.RedeliverAsync("device");
        withdrawn.SetResult(true);

        Assert.Equal(CommandStatus.Cancelled, (await cancelling).Command!.Status);
        await twin.RedeliverAsync("device");
        Assert.Equal(1, Told(id));
    }

    [Fact]
    public async Task A_command_that_could_not_be_cancelled_because_its_gateway_is_away_is_told_again()
    {
        (ITwin twin, string id) = await QueuedAsync("away");
        grid.RecallAnswer = _ => Task.FromException<bool>(new TwinGridUnavailableException("the gateway stops"));

        Assert.Equal(CancelRefusal.Unavailable, (await twin.CancelAsync(id)).Refusal);

        Assert.Equal(CommandStatus.Queued, (await twin.GetCommandAsync(id))!.Status);
        Assert.Equal(2, Told(id));
        grid.RecallAnswer = _ => Task.FromResult(true);
        CancelAnswer[] twice = await Task.WhenAll(twin.CancelAsync(id), twin.CancelAsync(id));
        Assert.All(twice, answer => Assert.Equal(CommandStatus.Cancelled, answer.Command!.Status));
        Assert.Equal(2, Told(id));
    }

    [Fact]
    public async Task A_command_whose_commit_took_longer_than_it_is_good_for_is_never_sent()
    {
        TwinId fan = new("fan", "slow-store");
        await grid.Road(0).IngestAsync(fan, TwoSiloGrid.Speed(1));
        grid.Store.HoldCommits();
        Task<CommandAnswer> sending = grid.Twin("slow-store")
            .SendAsync("stale", "slow", RawJson.EmptyObject, TimeSpan.FromMilliseconds(200), null);
        await grid.Store.HeldAsync(fan);
        DateTimeOffset expired = TimeProvider.System.GetUtcNow().AddMilliseconds(250);
        await Wait.UntilAsync(() => TimeProvider.System.GetUtcNow() > expired);
        grid.Store.LetCommit();

        Assert.Equal("stale", (await sending).Command!.Id);
        await Hosting.Eventually.HoldsAsync(async () =>
            (await grid.Twin("slow-store").GetCommandAsync("stale"))!.Status == CommandStatus.Expired);
        Assert.Equal(0, Told("stale"));
    }

    private int Told(string id) => grid.Published.Count(e => e.Kind == EffectKind.Command && e.Command!.Id == id);

    private async Task<(ITwin Twin, string Id)> QueuedAsync(string key)
    {
        grid.RecallAnswer = _ => Task.FromResult(true);
        await grid.Road(0).IngestAsync(new TwinId("fan", key), TwoSiloGrid.Speed(1));
        CommandAnswer sent = await grid.Twin(key).SendAsync(key, "slow", RawJson.EmptyObject, null, null);
        return (grid.Twin(key), sent.Command!.Id);
    }
}
