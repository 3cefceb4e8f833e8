using TwinGrid.MqttGateway.Packets;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>The answer to a message.</summary>
/// <param name="Acknowledge">
/// False: no PUBACK may go out; the connection is closed so that the client sends it again.
/// </param>
/// <param name="Reason">The reason code.</param>
/// <param name="Detail">A sentence for the client, or null.</param>
internal readonly record struct IntakeAnswer(bool Acknowledge, ReasonCode Reason, string? Detail = null);

/// <summary>A message as a client published it.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Payload">The payload.</param>
/// <param name="IsAcknowledged">True for QoS 1 and 2: its sender waits for an answer.</param>
/// <param name="ContentType">MQTT 5 content type, or null.</param>
internal readonly record struct IncomingMessage(
    string Topic, ReadOnlyMemory<byte> Payload, bool IsAcknowledged, string? ContentType = null);

/// <summary>A session that waits for the answer to one message at a time.</summary>
internal sealed class AwaitedPublish(MqttSession session) : PublishSource
{
    // Whoever waits goes on elsewhere, not inside a twin's turn.
    private readonly TaskCompletionSource<IntakeAnswer> _answer =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override string Client => session.Client;

    public override DevicePresence Presence { get; } = new SessionPresence(session);

    /// <summary>Ends when the answer is known.</summary>
    public Task<IntakeAnswer> Answer => _answer.Task;

    public override void Answered(IncomingPublish publish) =>
        _answer.SetResult(new IntakeAnswer(publish.Acknowledge, publish.Reason, publish.Detail));

    /// <summary>Presence as the session keeps it.</summary>
    private sealed class SessionPresence(MqttSession session) : DevicePresence(session.Id)
    {
        public override bool TryBeginFeed() => session.TryBeginFeed();

        public override void EndFeed() => session.EndFeed();

        public override bool Remember(TopicSlot slot) => session.Remember(slot.Route.Twin);

        public override void Forget(TwinId twin) => session.Forget(twin);
    }
}
