using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Packets;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>Each message is answered exactly once, after everything that the answer promises.</summary>
public sealed class MessageIntakeTests : IAsyncDisposable
{
    private const string Telemetry = "twins/turbine/t07/telemetry";

    private static readonly DroppedReading TooStrong =
        new("power", ReadingOutcome.OutOfRange, "9999 is above 3600");

    private readonly HeldRoad _road = new();
    private readonly RecordingStore _store = new();
    private readonly DeadLetterLog _letters;
    private readonly MessageIntake _intake;
    private readonly RecordingSource _device = new("device", new DevicePresence("here-1"));
    private readonly RecordingSource _will = new("dead", null);

    public MessageIntakeTests()
    {
        _letters = new DeadLetterLog(_store, NullLogger<DeadLetterLog>.Instance);
        _letters.Start();
        TopicRouter router = new(
            Options.Create(new MqttOptions()),
            DefinitionSet.Empty,
            [new JsonPayloadDecoder(), new ScalarPayloadDecoder()]);
        InputDecoder decoder = new(DefinitionSet.Empty, NullLogger<InputDecoder>.Instance);
        _intake = new MessageIntake(
            router, decoder, _road, _letters, TimeProvider.System, NullLogger<MessageIntake>.Instance);
    }

    public ValueTask DisposeAsync() => new(_letters.StopAsync());

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_message_that_its_twin_took_is_answered_inside_the_twin_s_turn(byte qos)
    {
        Publish(Telemetry, """{"power":5}""", 7, qos);
        Assert.Empty(_device.Answers);
        Assert.Single(_road.Held).Finished(new IngestResult(IngestStatus.Accepted, 1, 1));

        // No waiting here: whoever finished the message has answered it.
        RecordedAnswer answer = Assert.Single(_device.Answers);
        Assert.Equal(new RecordedAnswer(7, qos, true, ReasonCode.Success, null), answer);
        Assert.Empty(_store.Letters);
    }

    [Fact]
    public void A_message_may_be_answered_before_it_is_handed_over()
    {
        _road.AtOnce = new IngestResult(IngestStatus.Accepted, 1, 1);
        Publish(Telemetry, """{"power":5}""", 1);
        Publish(Telemetry, """{"power":6}""", 2);
        Assert.Equal([1, 2], _device.Answers.Select(answer => answer.PacketId));
    }

    [Theory]
    [InlineData(IngestStatus.UnknownTwin, ReasonCode.NotAuthorized, "unknown-twin")]
    [InlineData(IngestStatus.TooManyTwins, ReasonCode.QuotaExceeded, "too-many-twins")]
    [InlineData(IngestStatus.Failed, ReasonCode.UnspecifiedError, "twin-failed")]
    [InlineData(IngestStatus.Damaged, ReasonCode.UnspecifiedError, "twin-damaged")]
    internal async Task A_message_that_no_twin_keeps_is_a_dead_letter_before_it_is_answered(
        IngestStatus status, ReasonCode reason, string word)
    {
        Publish(Telemetry, """{"power":5}""", 7);
        _road.Held[0].Finished(new IngestResult(status));
        RecordedAnswer answer = Assert.Single(await _device.AnswersAsync(1));
        DeadLetter letter = Assert.Single(_store.Letters);
        Assert.Equal(new RecordedAnswer(7, 1, true, reason, letter.Detail), answer);
        Assert.Equal(word, letter.Reason);
        Assert.Equal(Telemetry, letter.Topic);
        Assert.Equal("device", letter.Client);
        Assert.Equal("""{"power":5}""", Encoding.UTF8.GetString(letter.Sample.Span));
    }

    [Theory]
    [InlineData(Telemetry, "{", ReasonCode.PayloadFormatInvalid, "malformed-json")]
    [InlineData(Telemetry + "/power", "on", ReasonCode.PayloadFormatInvalid, "malformed-scalar")]
    [InlineData("twins/turbine/t07/state", "{}", ReasonCode.NotAuthorized, "grid-topic")]
    [InlineData("home/kitchen", "1", ReasonCode.TopicNameInvalid, "unknown-topic")]
    internal async Task A_message_that_cannot_be_used_never_takes_the_road(
        string topic, string payload, ReasonCode reason, string word)
    {
        Publish(topic, payload, 7);
        RecordedAnswer answer = Assert.Single(await _device.AnswersAsync(1));
        DeadLetter letter = Assert.Single(_store.Letters);
        Assert.Equal(new RecordedAnswer(7, 1, true, reason, letter.Detail), answer);
        Assert.Equal(word, letter.Reason);
        Assert.Empty(_road.Held);
    }

    [Theory]
    [InlineData("application/cbor", true)]
    [InlineData("application/senml+json", true)]
    [InlineData("application/json", false)]
    [InlineData("", false)]
    public async Task Reserved_content_types_are_refused(string type, bool isRefused)
    {
        _road.AtOnce = default(IngestResult);
        Take(_device, Telemetry, """{"power":5}""", 7, 1, type);
        RecordedAnswer answer = Assert.Single(await _device.AnswersAsync(1));
        Assert.Equal(isRefused ? ReasonCode.PayloadFormatInvalid : ReasonCode.Success, answer.Reason);
        Assert.Equal(isRefused ? ["content-type"] : [], _store.Letters.Select(letter => letter.Reason));
    }

    [Fact]
    public async Task A_message_of_which_some_was_dropped_is_taken_after_a_letter_for_each()
    {
        Publish(Telemetry, """{"power":9999,"speed":3,"state":[1]}""", 7);
        _road.Held[0].Finished(new IngestResult(IngestStatus.Accepted, 1, 1, 0, [TooStrong]));
        RecordedAnswer answer = Assert.Single(await _device.AnswersAsync(1));
        Assert.Equal(new RecordedAnswer(7, 1, true, ReasonCode.Success, null), answer);
        Assert.Equal(
            ["malformed-reading", "out-of-range"], _store.Letters.Select(letter => letter.Reason).Order());
    }

    [Fact]
    public async Task A_message_of_which_all_was_dropped_is_one_dead_letter()
    {
        Publish(Telemetry, """{"power":9999}""", 7);
        _road.Held[0].Finished(new IngestResult(IngestStatus.Accepted, 1, 0, 0, [TooStrong]));
        RecordedAnswer answer = Assert.Single(await _device.AnswersAsync(1));
        Assert.Equal(ReasonCode.PayloadFormatInvalid, answer.Reason);
        Assert.Equal("power: 9999 is above 3600", Assert.Single(_store.Letters).Detail);
    }

    [Fact]
    public async Task What_the_store_cannot_keep_is_not_acknowledged()
    {
        _store.IsBroken = true;
        Publish(Telemetry, "{", 1);
        Publish("home/kitchen", "1", 2);
        Publish(Telemetry, """{"power":5}""", 3);
        _road.Held[0].Finished(new IngestResult(IngestStatus.UnknownTwin));
        IReadOnlyList<RecordedAnswer> answers = await _device.AnswersAsync(3);
        Assert.Equal([1, 2, 3], answers.Select(answer => (int)answer.PacketId).Order());
        Assert.All(answers, answer => Assert.False(answer.Acknowledge));

        // What is committed is acknowledged, even where the letter of its other half is lost.
        Publish(Telemetry, """{"power":9999,"speed":3}""", 4);
        _road.Held[1].Finished(new IngestResult(IngestStatus.Accepted, 1, 1, 0, [TooStrong]));
        Assert.True((await _device.AnswersAsync(4))[3].Acknowledge);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(2, false)]
    public async Task A_message_that_cannot_be_taken_now_is_not_acknowledged_where_it_can_be_sent_again(
        byte qos, bool acknowledge)
    {
        Publish(Telemetry, """{"power":5}""", 7, qos);
        _road.Held[0].Finished(new IngestResult(IngestStatus.Unavailable));
        RecordedAnswer answer = Assert.Single(await _device.AnswersAsync(1));
        Assert.Equal(acknowledge, answer.Acknowledge);
        Assert.Empty(_store.Letters);
    }

    [Fact]
    public async Task A_road_that_throws_has_not_taken_the_message()
    {
        _road.Broken = new TimeoutException();
        Publish(Telemetry, """{"power":5}""", 7);
        Assert.False(Assert.Single(await _device.AnswersAsync(1)).Acknowledge);
        TwinId[] fed = await _device.Presence!.TakeFedAsync().WaitAsync(RunningGateway.Patience);
        Assert.Empty(fed);
    }

    [Fact]
    public async Task Nobody_waits_for_the_dead_letter_of_a_message_of_QoS_0()
    {
        RecordedAnswer answer = new(0, 0, true, ReasonCode.PayloadFormatInvalid, null);
        Publish(Telemetry, "{", 0, qos: 0);
        Assert.Equal(answer, Assert.Single(_device.Answers));
        await RunningGateway.Until(() => _store.Letters.Count > 0, "the letter is written");
        Assert.Equal("{", Encoding.UTF8.GetString(Assert.Single(_store.Letters).Sample.Span));
        _store.IsBroken = true;
        Publish(Telemetry, "}", 0, qos: 0);
        Assert.Equal([answer, answer], _device.Answers);
    }

    [Fact]
    public async Task A_letter_keeps_the_first_KiB_and_the_size_of_the_whole()
    {
        Publish(Telemetry, "[" + new string(' ', 5_000), 7);
        await _device.AnswersAsync(1);
        DeadLetter letter = Assert.Single(_store.Letters);
        Assert.Equal(5_001, letter.Size);
        Assert.Equal("[" + new string(' ', 1_023), Encoding.UTF8.GetString(letter.Sample.Span));
    }

    [Fact]
    public void The_first_message_of_a_connection_to_a_twin_says_that_its_device_is_there()
    {
        Publish(Telemetry, """{"power":5}""", 1);
        Publish(Telemetry + "/power", "6", 2);
        Publish("twins/turbine/t08/telemetry/power", "7", 3);
        Take(_will, "twins/turbine/t09/telemetry/power", "8", 0, 1);
        Assert.Equal(
        [
            """turbine/t07: Presence {"online":true,"session":"here-1"} | power=5""",
            "turbine/t07: power=6",
            """turbine/t08: Presence {"online":true,"session":"here-1"} | power=7""",
            "turbine/t09: power=8",
        ], _road.Held.Select(HeldRoad.Show));
    }

    [Fact]
    public async Task A_device_s_own_word_proves_no_presence()
    {
        _road.AtOnce = default(IngestResult);
        Publish("twins/turbine/t07/online", "true", 1);
        Assert.Empty(await _device.Presence!.TakeFedAsync());
    }

    [Fact]
    public async Task A_twin_that_kept_nothing_was_not_fed()
    {
        Publish(Telemetry, """{"power":5}""", 1);
        _road.Held[0].Finished(new IngestResult(IngestStatus.UnknownTwin));
        await _device.AnswersAsync(1);
        Publish(Telemetry, "{", 2);
        await _device.AnswersAsync(2);
        Publish(Telemetry, """{"power":5}""", 3);
        Assert.Contains("Presence", HeldRoad.Show(_road.Held[1]), StringComparison.Ordinal);
        _road.Held[1].Finished(new IngestResult(IngestStatus.Accepted, 1, 1));
        Assert.Equal([new TwinId("turbine", "t07")], await _device.Presence!.TakeFedAsync());
    }

    [Fact]
    public async Task Messages_answered_out_of_order_keep_what_is_theirs()
    {
        _intake.Slot(Encoding.UTF8.GetBytes(Telemetry));
        for (int round = 0; round < 50; round++)
        {
            int before = _road.Held.Count;
            for (ushort id = 1; id <= 20; id++)
            {
                string name = new((char)('a' + id), id);
                string payload = id % 3 == 0 ? $$"""{"{{name}}":{{id}},"bad":[{{id}}]}""" : $$"""{"{{name}}":{{id}}}""";
                Take(_will, $"twins/turbine/t{id}/telemetry", payload, id, 1);
            }

            IngestMessage[] held = [.. _road.Held.Skip(before)];
            for (int i = 0; i < 20; i++)
            {
                // 7 and 20 have no common divisor: each once, none in its place.
                int at = i * 7 % 20;
                string name = new((char)('a' + at + 1), at + 1);
                Assert.Equal($"turbine/t{at + 1}: {name}={at + 1}", HeldRoad.Show(held[at]));
                held[at].Finished(new IngestResult(IngestStatus.Accepted, 1, 1));
            }

            await _will.AnswersAsync((round + 1) * 20);
        }

        Assert.Equal(
            Enumerable.Range(1, 20).SelectMany(id => Enumerable.Repeat(id, 50)),
            _will.Answers.Select(answer => (int)answer.PacketId).Order());
        Assert.All(_store.Letters, letter => Assert.Equal(
            $"bad: an array is no reading; a waveform is {{\"rate\",\"values\":[…]}} of {letter.Topic}",
            $"{letter.Detail} of twins/turbine/t{Encoding.UTF8.GetString(letter.Sample.Span).Split(['[', ']'])[1]}"
                + "/telemetry"));
        Assert.Equal(50 * 6, _store.Letters.Count);
    }

    [Fact]
    public void A_message_of_usual_shape_costs_no_garbage()
    {
        _road.AtOnce = new IngestResult(IngestStatus.Accepted, 1, 2);
        QuietSource quiet = new();
        byte[] payload = Encoding.UTF8.GetBytes(
            """{"temperature":21.5,"vibration":0.12,"ts":1700000000000,"seq":42}""");
        byte[] topic = Encoding.UTF8.GetBytes(Telemetry);
        long TakeMany(int times)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < times; i++)
            {
                _intake.Take(quiet, _intake.Slot(topic), 7, 1, payload, default);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        TakeMany(100);

        // Less than one object per message, whose least size is 24 bytes.
        Assert.InRange(TakeMany(1_000), 0, 24 * 1_000);
        Assert.Equal(1_100, quiet.Answers);
    }

    [Fact]
    public void Slots_that_were_checked_are_found_and_others_are_not()
    {
        byte[] topic = Encoding.UTF8.GetBytes(Telemetry);
        Assert.False(_intake.TryFindSlot(topic, out _));
        TopicSlot slot = _intake.Slot(topic);
        Assert.False(slot.IsChecked);
        Assert.False(_intake.TryFindSlot(topic, out _));
        Assert.Same(slot, _intake.AddSlot(topic));
        Assert.True(_intake.TryFindSlot(topic, out TopicSlot? found));
        Assert.Same(slot, found);
        Assert.True(_intake.AddSlot("home/kitchen"u8).IsChecked);
        Assert.False(_intake.TryFindSlot("home/kitchen"u8, out _));
    }

    [Fact]
    public void Messages_and_readings_are_counted_by_their_use()
    {
        Dictionary<string, long> before = Collect();
        _road.AtOnce = default(IngestResult);
        Publish(Telemetry, """{"power":5,"speed":6}""", 1);
        Publish("twins/turbine/t07/properties/reported", "{}", 2);
        Publish("home/kitchen", "1", 3);
        Dictionary<string, long> after = Collect();

        // Other tests may count at the same time.
        long Grown(string name) => after.GetValueOrDefault(name) - before.GetValueOrDefault(name);
        Assert.InRange(Grown("twingrid.mqtt.messages telemetry"), 1, long.MaxValue);
        Assert.InRange(Grown("twingrid.mqtt.messages reported"), 1, long.MaxValue);
        Assert.InRange(Grown("twingrid.mqtt.messages refused"), 1, long.MaxValue);
        Assert.InRange(Grown("twingrid.mqtt.readings "), 2, long.MaxValue);
    }

    private static Dictionary<string, long> Collect()
    {
        Dictionary<string, long> values = [];
        using MeterListener listener = new()
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name is "twingrid.mqtt.messages" or "twingrid.mqtt.readings")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            values[$"{instrument.Name} {(tags.Length > 0 ? tags[0].Value : "")}"] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return values;
    }

    private void Publish(string topic, string payload, ushort id, byte qos = 1) =>
        Take(_device, topic, payload, id, qos);

    private void Take(
        RecordingSource source, string topic, string payload, ushort id, byte qos, string contentType = "")
    {
        byte[] bytes = Encoding.UTF8.GetBytes(payload);
        _intake.Take(
            source,
            _intake.Slot(Encoding.UTF8.GetBytes(topic)),
            id,
            qos,
            bytes,
            Encoding.UTF8.GetBytes(contentType));

        // The buffer of a socket is overwritten once the message was taken.
        Array.Fill(bytes, (byte)'#');
    }

    private sealed class QuietSource : PublishSource
    {
        public int Answers { get; private set; }

        public override string Client => "quiet";

        public override DevicePresence Presence { get; } = new("here-2");

        public override void Answered(IncomingPublish publish) => Answers++;
    }
}
