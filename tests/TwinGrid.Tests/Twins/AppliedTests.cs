using TwinGrid.Twins.Ingest;

namespace TwinGrid.Tests.Twins;

/// <summary>A grid that acknowledges what is applied (<c>Mqtt:Acknowledge=Applied</c>).</summary>
public sealed class AppliedGrid : TwoSiloGrid
{
    protected override Acknowledgement Acknowledge => Acknowledgement.Applied;
}

public sealed class AppliedTests(AppliedGrid grid) : IClassFixture<AppliedGrid>
{
    [Fact]
    public async Task A_message_is_answered_when_it_is_applied_and_a_command_when_it_is_committed()
    {
        TwinId id = grid.TwinOn(0, "quick");
        Sender sender = new(grid.Road(0), id);
        await sender.Send().Result;
        grid.Store.HoldCommits();
        IngestResult applied = await sender.Send().Result;
        await grid.Store.HeldAsync(id);
        Task<CommandAnswer> command = grid.Twin(id.Key).SendAsync("c1", "slow", RawJson.EmptyObject, null, null);
        await Task.WhenAny(command, Task.Delay(TimeSpan.FromMilliseconds(100)));
        Assert.False(command.IsCompleted);
        grid.Store.LetCommit();
        Assert.Equal((IngestStatus.Accepted, 2L), (applied.Status, applied.Revision));
        Assert.Equal(CommandRefusal.None, (await command).Refusal);
        Assert.Equal(3, (await grid.Store.LoadAsync(id, CancellationToken.None)).Tail.Count);
    }

    [Fact]
    public async Task A_reader_sees_what_is_committed_and_not_what_is_only_applied()
    {
        TwinId id = grid.TwinOn(0, "patient");
        Sender sender = new(grid.Road(0), id);
        await sender.Send().Result;
        grid.Store.HoldCommits();
        await sender.Send().Result;
        await grid.Store.HeldAsync(id);
        Task<TwinSnapshot?> reader = grid.Twin(id.Key).GetAsync();
        sender.Send();
        grid.Store.LetCommit();
        TwinSnapshot twin = (await reader)!;
        StoredTwin stored = await grid.Store.LoadAsync(id, CancellationToken.None);
        Assert.True(!twin.Durable || twin.Revision <= stored.Tail[^1].Revision);
        Assert.Equal(twin.Revision, twin.Telemetry["speed"].Value.Number);
        await sender.AnsweredAsync();
    }

    [Fact]
    public async Task A_row_of_the_log_is_a_revision_and_holds_every_message_once()
    {
        TwinId id = grid.TwinOn(0, "counted");
        Sender sender = new(grid.Road(0), id);
        for (int i = 0; i < 3_000; i++)
        {
            sender.Send();
        }

        await sender.AnsweredAsync();
        Assert.All(sender.All, message => Assert.Equal(1, message.Times));
        Assert.Equal(sender.All.Select(m => m.Number), sender.Told.Select(m => m.Number));
        TwinSnapshot twin = (await grid.Twin(id.Key).GetAsync())!;
        await grid.Cluster.DeactivateAsync(grid.Twin(id.Key));
        TwinSnapshot refolded = (await grid.Twin(id.Key).GetAsync())!;
        Assert.Equal((3_000L, 0L, 0L), (twin.Counters.Readings, twin.Counters.Late, twin.Counters.Duplicates));
        Assert.Equal(
            System.Text.Json.JsonSerializer.Serialize(twin, TwinGridJson.Default.TwinSnapshot),
            System.Text.Json.JsonSerializer.Serialize(refolded, TwinGridJson.Default.TwinSnapshot));
    }
}
