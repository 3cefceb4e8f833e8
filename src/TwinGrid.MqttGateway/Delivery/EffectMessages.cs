using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>Writes effects as the messages of the contract's section on MQTT. Pure.</summary>
internal static class EffectMessages
{
    private static readonly byte[] Json = PublishProperties.Encode("application/json", null, []);

    /// <summary>The message of an effect.</summary>
    /// <param name="root">The topic root.</param>
    /// <param name="effect">Any that is a message: not a deletion, and not a recall.</param>
    /// <param name="now">To judge a command's expiry by.</param>
    /// <returns>Null for a command that has expired and for an effect without its content.</returns>
    public static OutgoingMessage? Of(string root, TwinEffect effect, DateTimeOffset now)
    {
        string twin = $"{root}/{effect.Twin.Kind}/{effect.Twin.Key}";
        return effect switch
        {
            { State: { } state } =>
                Fleeting($"{twin}/{TopicNames.State}", state, TwinGridJson.Readable.TwinSnapshot),
            { Prediction: { } prediction } => Fleeting(
                $"{twin}/{TopicNames.Predictions}/{effect.Name}",
                prediction,
                TwinGridJson.Readable.PredictionSnapshot),
            { Alarm: { } alarm } => Retained(
                $"{twin}/{TopicNames.Alarms}/{effect.Name}",
                JsonSerializer.SerializeToUtf8Bytes(alarm, TwinGridJson.Readable.AlarmSnapshot)),
            { Desired: { } desired } => Retained(
                $"{twin}/{TopicNames.Properties}/{TopicNames.Desired}",
                JsonSerializer.SerializeToUtf8Bytes(desired, TwinGridJson.Readable.DesiredSnapshot)),
            { Command: { } command } when command.ExpiresAt > now => Command(twin, effect.Twin, command),
            _ => null,
        };
    }

    /// <summary>A retained value that is gone.</summary>
    public static OutgoingMessage Cleared(string topic) => Retained(topic, default) with
    {
        Properties = default,
    };

    /// <summary>The topic of an alarm or of desired properties.</summary>
    public static string RetainedTopic(string root, TwinEffect effect) => effect.Kind == EffectKind.Alarm
        ? $"{root}/{effect.Twin.Kind}/{effect.Twin.Key}/{TopicNames.Alarms}/{effect.Name}"
        : $"{root}/{effect.Twin.Kind}/{effect.Twin.Key}/{TopicNames.Properties}/{TopicNames.Desired}";

    /// <summary>The topic of a command.</summary>
    public static string CommandTopic(string root, TwinId twin, string command) =>
        $"{root}/{twin.Kind}/{twin.Key}/{TopicNames.Commands}/{command}";

    private static OutgoingMessage Fleeting<T>(string topic, T content, JsonTypeInfo<T> form) => new()
    {
        Topic = topic,
        TopicUtf8 = Encoding.UTF8.GetBytes(topic),
        Payload = JsonSerializer.SerializeToUtf8Bytes(content, form),
        Properties = Json,
        IsConflated = true,
    };

    private static OutgoingMessage Retained(string topic, ReadOnlyMemory<byte> payload) => new()
    {
        Topic = topic,
        TopicUtf8 = Encoding.UTF8.GetBytes(topic),
        Payload = payload,
        Properties = Json,
        Qos = 1,
        Retain = true,
    };

    private static OutgoingMessage Command(string twin, TwinId id, CommandMessage command)
    {
        string topic = $"{twin}/{TopicNames.Commands}/{command.Name}";
        return new OutgoingMessage
        {
            Topic = topic,
            TopicUtf8 = Encoding.UTF8.GetBytes(topic),
            Payload = JsonSerializer.SerializeToUtf8Bytes(command, TwinGridJson.Readable.CommandMessage),
            Properties = PublishProperties.Encode(
                "application/json",
                $"{twin}/{TopicNames.Results}/{command.Id}",
                Encoding.UTF8.GetBytes(command.Id)),
            Qos = 1,
            ExpiresAt = UnixMicroseconds.From(command.ExpiresAt),
            CommandOf = id,
            CommandId = command.Id,
        };
    }
}
