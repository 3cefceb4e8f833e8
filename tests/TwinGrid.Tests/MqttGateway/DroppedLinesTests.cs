using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using MQTTnet;
using MQTTnet.Protocol;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>One message cannot fill the dead-letter log.</summary>
public class DroppedLinesTests
{
    [Fact]
    public async Task A_message_with_many_bad_readings_has_a_bounded_number_of_letters_with_one_sample()
    {
        ConcurrentQueue<long> unwritten = new();
        using MeterListener counters = Listen("twingrid.deadletters.lost", (count, reason) =>
        {
            if (reason is "malformed-reading")
            {
                unwritten.Enqueue(count);
            }
        });
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        DroppedReading tooStrong = new("power", ReadingOutcome.OutOfRange, "9999 is above 3600");
        gateway.Twins.Answer = _ => Task.FromResult(new IngestResult(IngestStatus.Accepted, 1, 1, 0, [tooStrong]));
        using IMqttClient device = await gateway.ConnectAsync("device");
        string bad = string.Join(',', Enumerable.Range(0, 500).Select(i => $"\"{i}\":[]"));
        string batch = "[{\"power\":5,\"speed\":3}" + string.Concat(Enumerable.Repeat(",{" + bad + "}", 40)) + "]";
        MqttClientPublishResult answer = await device.PublishStringAsync(
            "twins/pump/p1/telemetry", batch, MqttQualityOfServiceLevel.AtLeastOnce);
        Assert.Equal(MqttClientPublishReasonCode.Success, answer.ReasonCode);

        // 20,000 that the decoder refused and one of the twin's: a thousand have a line, the last one counts the rest.
        IReadOnlyList<DeadLetter> letters = gateway.Store.Letters;
        Assert.Equal(1_001, letters.Count);
        Assert.All(letters.Take(1_000), letter => Assert.Equal("malformed-reading", letter.Reason));
        Assert.Equal("more-readings", letters[^1].Reason);
        Assert.Equal("and 19001 more readings of this message", letters[^1].Detail);
        Assert.All(letters, letter => Assert.True(letters[0].Sample.Equals(letter.Sample), "a sample of its own"));
        Assert.Contains(19_000, unwritten);
    }

    private static MeterListener Listen(string name, Action<long, object?> heard)
    {
        MeterListener listener = new()
        {
            InstrumentPublished = (instrument, ours) =>
            {
                if (instrument.Name == name)
                {
                    ours.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, count, tags, _) => heard(count, tags[0].Value));
        listener.Start();
        return listener;
    }
}
