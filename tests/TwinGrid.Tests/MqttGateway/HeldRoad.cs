using System.Collections.Concurrent;
using System.Text;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Packets;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>A road to twins that holds messages until the test finishes them, in any order.</summary>
internal sealed class HeldRoad : ITwinIngest
{
    private readonly ConcurrentQueue<IngestMessage> _held = new();

    /// <summary>When set, messages are finished with it at once, inside the sending.</summary>
    public IngestResult? AtOnce { get; set; }

    /// <summary>When set, it throws instead of taking a message.</summary>
    public Exception? Broken { get; set; }

    public IReadOnlyList<IngestMessage> Held => [.. _held];

    public void Send(IngestMessage message)
    {
        if (Broken is { } exception)
        {
            throw exception;
        }

        if (AtOnce is { } result)
        {
            message.Finished(result);
            return;
        }

        _held.Enqueue(message);
    }

    /// <summary>What a message tells its twin.</summary>
    public static string Show(IngestMessage message)
    {
        List<string> inputs = [];
        InputReader reader = new(message.Inputs.Span);
        while (reader.Next())
        {
            inputs.Add(reader.Kind == InputKind.Readings
                ? Packed.Show(reader.Readings())
                : $"{reader.Kind} {Encoding.UTF8.GetString(reader.Body)}");
        }

        return $"{message.Address.Twin}: {string.Join(" | ", inputs)}";
    }
}

/// <summary>A publisher that writes down each answer as it was when it came.</summary>
internal sealed class RecordingSource(string client, DevicePresence? presence) : PublishSource
{
    private readonly ConcurrentQueue<RecordedAnswer> _answers = new();

    public override string Client => client;

    public override DevicePresence? Presence => presence;

    public IReadOnlyList<RecordedAnswer> Answers => [.. _answers];

    public override void Answered(IncomingPublish publish)
    {
        Assert.Same(this, publish.Source);
        _answers.Enqueue(new RecordedAnswer(
            publish.PacketId, publish.Qos, publish.Acknowledge, publish.Reason, publish.Detail));
    }

    /// <summary>Waits until so many answers came.</summary>
    public async Task<IReadOnlyList<RecordedAnswer>> AnswersAsync(int count)
    {
        await RunningGateway.Until(() => _answers.Count >= count, $"{count} answers came");
        return Answers;
    }
}

internal sealed record RecordedAnswer(
    ushort PacketId, byte Qos, bool Acknowledge, ReasonCode Reason, string? Detail);
