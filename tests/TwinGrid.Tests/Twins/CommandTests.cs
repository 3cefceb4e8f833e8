using System.Text.Json;
using TwinGrid.Twins.Control;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Twins;

public class CommandTests
{
    private readonly FoldRig _pump = new(new TwinDefinition
    {
        Kind = "pump",
        Telemetry = [new TelemetryDefinition { Name = "temperature" }],
        Commands = [new CommandDefinition { Name = "start" }],
    });

    [Fact]
    public void A_command_moves_from_queued_to_delivered_to_in_progress_to_succeeded()
    {
        Ask(0, "a", expires: 30);
        Assert.Equal(CommandStatus.Queued, Status("a"));
        Deliver(1, "a");
        Assert.Equal(CommandStatus.Delivered, Status("a"));
        Answer(2, "a", CommandStatus.InProgress);
        Answer(3, "a", CommandStatus.Succeeded);
        CommandSnapshot done = _pump.State.FindCommand("a")!.ToSnapshot();
        Assert.Equal(CommandStatus.Succeeded, done.Status);
        Assert.Equal(FoldRig.Epoch.AddSeconds(1), done.DeliveredAt);
        Assert.Equal(FoldRig.Epoch.AddSeconds(3), done.CompletedAt);
    }

    [Theory]
    [InlineData(CommandStatus.Succeeded)]
    [InlineData(CommandStatus.Failed)]
    [InlineData(CommandStatus.Rejected)]
    public void What_ended_never_changes(CommandStatus end)
    {
        Ask(0, "a", expires: 30);
        Answer(1, "a", end);
        Answer(2, "a", CommandStatus.InProgress);
        Answer(2, "a", CommandStatus.Failed);
        Deliver(3, "a");
        Assert.Equal(end, Status("a"));
    }

    [Fact]
    public void A_command_that_its_device_did_not_take_expires_at_its_time()
    {
        Ask(0, "a", expires: 30);
        Tick(29.9);
        Assert.Equal(CommandStatus.Queued, Status("a"));
        Assert.Equal(FoldRig.At(30), TwinFold.NextDue(_pump.State, FoldRig.At(29.9)));
        Tick(30);
        Assert.Equal(CommandStatus.Expired, Status("a"));
        Deliver(31, "a");
        Answer(31, "a", CommandStatus.Succeeded);
        Assert.Equal(CommandStatus.Expired, Status("a"));
    }

    [Fact]
    public void A_delivered_command_may_be_answered_ten_seconds_after_its_expiry_and_one_in_progress_a_day()
    {
        Ask(0, "a", expires: 30);
        Ask(0, "b", expires: 30);
        Deliver(1, "a");
        Answer(1, "b", CommandStatus.InProgress);
        Tick(39.9);
        Assert.Equal((CommandStatus.Delivered, CommandStatus.InProgress), (Status("a"), Status("b")));
        Tick(40);
        Assert.Equal((CommandStatus.Expired, CommandStatus.InProgress), (Status("a"), Status("b")));
    }

    [Fact]
    public void Whether_a_device_was_in_time_is_judged_by_when_its_word_arrived_and_not_by_what_was_folded_first()
    {
        // Readings and requests of others overtook what the device said while it waited inside the grid.
        Ask(0, "a", expires: 30);
        Ask(0, "b", expires: 30);
        Ask(0, "c", expires: 30);
        _pump.Number(31, 20);
        Ask(32, "d", expires: 60);
        Deliver(29.9, "a");
        Answer(29.9, "b", CommandStatus.Succeeded);
        Assert.Equal((CommandStatus.Delivered, CommandStatus.Succeeded), (Status("a"), Status("b")));
        _pump.Number(41, 20);
        Answer(39.9, "a", CommandStatus.Succeeded);
        Assert.Equal(CommandStatus.Succeeded, Status("a"));

        // What came too late is so although no tick ended the command before.
        Deliver(30, "c");
        Assert.Equal(CommandStatus.Queued, Status("c"));
        Answer(30, "c", CommandStatus.Succeeded);
        Assert.Equal(CommandStatus.Expired, Status("c"));
        Assert.Equal("succeeded", Late("c").GetProperty("status").GetString());
    }

    [Fact]
    public void A_command_whose_time_is_over_takes_no_room_before_a_tick_has_ended_it()
    {
        for (int i = 0; i < CommandBook.MostOpen; i++)
        {
            Ask(0, $"c{i}", expires: 30);
        }

        Assert.Equal(CommandRefusal.TooMany, Ask(29.9, "more", expires: 60).Refusal);
        Assert.Equal(CommandRefusal.None, Ask(30, "more", expires: 60).Refusal);
    }

    [Fact]
    public void A_twin_that_is_deleted_promises_nothing_to_what_comes_right_behind()
    {
        Ask(0, "a", expires: 30);
        _pump.Apply(PackedInputs.Pack(InputKind.Deleted, FoldRig.At(1)));
        Assert.Equal(CommandRefusal.UnknownTwin, Ask(1, "b", expires: 30).Refusal);
        Assert.Equal(CancelRefusal.UnknownTwin, Cancel(1, "a").CancelRefusal);
        Assert.Contains("no such twin", Assert.Single(Answer(1, "a", CommandStatus.Succeeded).Dropped!).Detail);
        DesiredPropertiesInput write = new("w", new RawJson("""{"speed":1}"""), null);
        InputAnswer answer = _pump.Apply(PackedInputs.Pack(
            InputKind.DesiredProperties, FoldRig.At(1), write, TwinGridJson.Default.DesiredPropertiesInput));
        Assert.Equal(DesiredRefusal.UnknownTwin, answer.Desired!.Refusal);
        Assert.False(_pump.Effects.Changed);
        Assert.Equal((0, "{}"), (_pump.State.Commands.Count, _pump.State.Desired));

        _pump.Number(2, 20);
        Assert.Equal(CommandRefusal.None, Ask(3, "b", expires: 30).Refusal);
    }

    [Fact]
    public void What_a_device_answers_after_its_command_expired_is_kept_beside_it_and_moves_only_forward()
    {
        Ask(0, "a", expires: 30);
        Deliver(1, "a");
        Tick(40);
        Assert.Equal(CommandStatus.Expired, Status("a"));

        Assert.Equal((1, 0), Tally(Answer(50, "a", CommandStatus.InProgress)));
        Assert.Equal("in-progress", Late("a").GetProperty("status").GetString());
        Assert.Equal((1, 0), Tally(Answer(60, "a", CommandStatus.Succeeded, result: """{"limit":1}""")));
        Assert.Equal((0, 1), Tally(Answer(70, "a", CommandStatus.Failed)));
        Assert.Equal((0, 1), Tally(Answer(71, "a", CommandStatus.InProgress)));

        CommandSnapshot told = _pump.State.FindCommand("a")!.ToSnapshot();
        Assert.Equal((CommandStatus.Expired, FoldRig.Epoch.AddSeconds(40)), (told.Status, told.CompletedAt));
        Assert.Equal("its device gave no answer in time", told.Message);
        Assert.Equal("succeeded", Late("a").GetProperty("status").GetString());
        Assert.Equal(FoldRig.Epoch.AddSeconds(60), Late("a").GetProperty("at").GetDateTimeOffset());
        Assert.Equal("""{"limit":1}""", Late("a").GetProperty("result").GetRawText());
    }

    [Fact]
    public void What_a_device_did_although_its_command_was_called_back_is_kept_beside_it()
    {
        Ask(0, "a", expires: 30);
        Cancel(1, "a");
        Answer(2, "a", CommandStatus.Succeeded);
        Assert.Equal(CommandStatus.Cancelled, Status("a"));
        Assert.Equal("succeeded", Late("a").GetProperty("status").GetString());
    }

    [Fact]
    public void A_late_answer_is_stored_and_folded_again_bit_for_bit()
    {
        Ask(0, "a", expires: 30);
        Ask(0, "b", expires: 30);
        Tick(30);
        Answer(50, "a", CommandStatus.Failed, result: "7");
        byte[] stored = StateWriter.Write(_pump.State);
        TwinState read = StateReader.Read(_pump.State.Twin, _pump.State.Kind, stored);
        Assert.Equal(stored, StateWriter.Write(read));
        Assert.Equal("failed", Late(read.FindCommand("a")!).GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Undefined, Late(read.FindCommand("b")!).ValueKind);
    }

    [Fact]
    public void The_same_idempotency_key_is_the_same_command_and_other_arguments_are_refused()
    {
        Assert.Equal("a", Ask(0, "a", expires: 30, key: "k").Command!.Id);
        Assert.Equal("a", Ask(1, "b", expires: 30, key: "k").Command!.Id);
        Assert.Equal(CommandRefusal.KeyReused, Ask(2, "c", expires: 30, key: "k", args: """{"x":1}""").Refusal);
        Assert.Single(_pump.State.Commands);
        Assert.Equal("d", Ask(24 * 3600 + 1, "d", expires: 24 * 3600 + 60, key: "k").Command!.Id);
    }

    [Fact]
    public void A_command_that_the_kind_does_not_declare_is_refused() =>
        Assert.Equal(CommandRefusal.UnknownCommand, Ask(0, "a", expires: 30, name: "explode").Refusal);

    [Fact]
    public void A_twin_takes_64_open_commands_and_no_more()
    {
        for (int i = 0; i < CommandBook.MostOpen; i++)
        {
            Assert.Equal(CommandRefusal.None, Ask(i, $"c{i}", expires: 1000).Refusal);
        }

        Assert.Equal(CommandRefusal.TooMany, Ask(65, "more", expires: 1000).Refusal);
        Answer(66, "c0", CommandStatus.Succeeded);
        Assert.Equal(CommandRefusal.None, Ask(67, "more", expires: 1000).Refusal);
    }

    [Fact]
    public void However_many_commands_with_a_key_ended_the_next_is_taken_and_a_thousand_keys_are_remembered()
    {
        // As a bounded time of a day would have it: 128 of them once kept every new command out.
        for (int i = 0; i < CommandBook.MostKeys + 100; i++)
        {
            Assert.Equal(CommandRefusal.None, Ask(i, $"c{i}", expires: 5000, key: $"k{i}").Refusal);
            Cancel(i, $"c{i}");
        }

        Assert.Equal(CommandRefusal.None, Ask(2000, "unkeyed", expires: 5000).Refusal);
        Assert.Equal("c1123", Ask(2001, "again", expires: 5000, key: "k1123").Command!.Id);
        Assert.Equal("c100", Ask(2002, "oldest", expires: 5000, key: "k100").Command!.Id);
        Assert.Equal("forgotten", Ask(2003, "forgotten", expires: 5000, key: "k0").Command!.Id);
    }

    [Fact]
    public void Keys_of_ended_commands_with_long_results_take_no_more_than_a_million_characters()
    {
        string result = $"\"{new string('x', 4_000)}\"";
        for (int i = 0; i < CommandBook.MostKeys; i++)
        {
            Ask(i, $"c{i}", expires: 5000, key: $"k{i}");
            Answer(i, $"c{i}", CommandStatus.Succeeded, result);
        }

        // 4,002 characters of result, 2 of arguments and the key: 261 fit into 2^20, and the newest is not judged yet.
        Assert.InRange(_pump.State.Commands.Count, 255, 263);
        Assert.NotNull(_pump.State.FindCommand("c1023"));
    }

    [Fact]
    public void Ended_commands_without_a_key_leave_in_their_order_and_take_no_key_with_them()
    {
        Ask(0, "keyed", expires: 5000, key: "k");
        Cancel(0, "keyed");
        for (int i = 0; i < CommandBook.MostEnded + 10; i++)
        {
            Ask(i, $"c{i}", expires: 5000);
            Cancel(i, $"c{i}");
        }

        Assert.Null(_pump.State.FindCommand("c8"));
        Assert.NotNull(_pump.State.FindCommand("c9"));
        Assert.Equal("keyed", Ask(500, "again", expires: 5000, key: "k").Command!.Id);
    }

    [Fact]
    public void An_answer_to_an_unknown_command_is_dropped_with_its_reason() =>
        Assert.Contains("no command", Assert.Single(Answer(0, "x", CommandStatus.Succeeded).Dropped!).Detail);

    [Fact]
    public void A_command_that_waits_can_be_called_back_and_again_and_its_waiting_device_is_told_nothing()
    {
        Ask(0, "a", expires: 30);
        InputAnswer cancelled = Cancel(1, "a");
        Assert.Equal((CancelRefusal.None, "a"), (cancelled.CancelRefusal, cancelled.Command!.Id));
        Assert.Equal(CommandStatus.Cancelled, Status("a"));
        Assert.Equal(FoldRig.At(1), _pump.State.FindCommand("a")!.CompletedAt);
        Assert.Equal("a", Assert.Single(_pump.Effects.Recalls).Id);
        Assert.Equal(CancelRefusal.None, Cancel(2, "a").CancelRefusal);
        Assert.Empty(_pump.Effects.Recalls);
        Deliver(3, "a");
        Assert.Equal(CommandStatus.Cancelled, Status("a"));
    }

    [Fact]
    public void A_command_that_its_device_has_or_that_ended_cannot_be_called_back()
    {
        Ask(0, "delivered", expires: 30);
        Deliver(1, "delivered");
        Assert.Equal(CancelRefusal.Delivered, Cancel(2, "delivered").CancelRefusal);
        Answer(3, "delivered", CommandStatus.InProgress);
        Assert.Equal(CancelRefusal.Delivered, Cancel(4, "delivered").CancelRefusal);
        Answer(5, "delivered", CommandStatus.Succeeded);
        Assert.Equal(CancelRefusal.Ended, Cancel(6, "delivered").CancelRefusal);
        Assert.Equal(CommandStatus.Succeeded, Status("delivered"));
        Assert.Equal(CancelRefusal.UnknownCommand, Cancel(7, "never").CancelRefusal);
    }

    [Fact]
    public void The_commands_of_a_twin_that_is_deleted_are_sent_no_more()
    {
        Ask(0, "waits", expires: 30);
        Ask(0, "delivered", expires: 30);
        Deliver(1, "delivered");
        _pump.Apply(PackedInputs.Pack(InputKind.Deleted, FoldRig.At(2)));
        Assert.Equal("waits", Assert.Single(_pump.Effects.Recalls).Id);
    }

    [Fact]
    public void A_command_that_was_called_back_makes_room_for_another()
    {
        for (int i = 0; i < CommandBook.MostOpen; i++)
        {
            Ask(i, $"c{i}", expires: 1000);
        }

        Cancel(65, "c7");
        Assert.Equal(CommandRefusal.None, Ask(66, "more", expires: 1000).Refusal);
    }

    private InputAnswer Cancel(double at, string id) => _pump.Apply(PackedInputs.Pack(
        InputKind.CommandCancelled,
        FoldRig.At(at),
        new CommandCancelledInput(id),
        TwinGridJson.Default.CommandCancelledInput));

    private InputAnswer Ask(
        double at, string id, double expires, string? key = null, string args = "{}", string name = "start")
    {
        CommandRequestInput request = new(id, name, new RawJson(args), FoldRig.At(expires), key);
        return _pump.Apply(PackedInputs.Pack(
            InputKind.CommandRequest, FoldRig.At(at), request, TwinGridJson.Default.CommandRequestInput));
    }

    private void Deliver(double at, string id) => _pump.Apply(PackedInputs.Pack(
        InputKind.CommandDelivered,
        FoldRig.At(at),
        new CommandDeliveredInput(id),
        TwinGridJson.Default.CommandDeliveredInput));

    private InputAnswer Answer(double at, string id, CommandStatus status, string? result = null) =>
        _pump.Apply(PackedInputs.Pack(
            InputKind.CommandResult,
            FoldRig.At(at),
            new CommandResultInput(id, status, Result: result is null ? null : new RawJson(result)),
            TwinGridJson.Default.CommandResultInput));

    private static (int Applied, int Seen) Tally(InputAnswer answer) => (answer.Applied, answer.Seen);

    private JsonElement Late(string id) => Late(_pump.State.FindCommand(id)!);

    // As the API tells it; undefined where there is none.
    private static JsonElement Late(CommandRecord command) => JsonSerializer
        .SerializeToElement(command.ToSnapshot(), TwinGridJson.Default.CommandSnapshot)
        .TryGetProperty("lateResult", out JsonElement late) ? late : default;

    private void Tick(double at) => _pump.Apply(PackedInputs.Pack(InputKind.Tick, FoldRig.At(at)));

    private CommandStatus Status(string id) => _pump.State.FindCommand(id)!.Status;
}
