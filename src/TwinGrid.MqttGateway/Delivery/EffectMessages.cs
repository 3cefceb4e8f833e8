using System.Text;
using System.Text.Json;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>Writes effects as the messages of the contract's section on MQTT. Pure.</summary>
internal static class EffectMessages
{
    /// <summary>The message of an effect.</summary>
    /// <param name="root">The topic root.</param>
    /// <param name="effect">Any but <see cref="EffectKind.Deleted"/>, which is no message.</param>
    /// <param name="now">To judge a command's expiry by.</param>
    /// <returns>Null for a command that has expired and for an effect without its content.</returns>
    public static OutgoingMessage? Of(string root, TwinEffect effect, DateTimeOffset now)
    {
        string twin = $"{root}/{effect.Twin.Kind}/{effect.Twin.Key}";
        return effect switch
        {
            { State: { } state } => new OutgoingMessage
            {
                Topic = $"{twin}/{TopicNames.State}",
                Payload = JsonSerializer.SerializeToUtf8Bytes(state, TwinGridJson.Readable.TwinSnapshot),
            },
            { Prediction: { } prediction } => new OutgoingMessage
            {
                Topic = $"{twin}/{TopicNames.Predictions}/{effect.Name}",
                Payload = JsonSerializer.SerializeToUtf8Bytes(prediction, TwinGridJson.Readable.PredictionSnapshot),
            },
            { Alarm: { } alarm } => new OutgoingMessage
            {
                Topic = $"{twin}/{TopicNames.Alarms}/{effect.Name}",
                Payload = JsonSerializer.SerializeToUtf8Bytes(alarm, TwinGridJson.Readable.AlarmSnapshot),
                IsAcknowledged = true,
                IsRetained = true,
            },
            { Command: { } command } when command.ExpiresAt > now => new OutgoingMessage
            {
                Topic = $"{twin}/{TopicNames.Commands}/{command.Name}",
                Payload = JsonSerializer.SerializeToUtf8Bytes(command, TwinGridJson.Readable.CommandMessage),
                IsAcknowledged = true,
                ExpirySeconds = (uint)Math.Min(uint.MaxValue, Math.Ceiling((command.ExpiresAt - now).TotalSeconds)),
                ResponseTopic = $"{twin}/{TopicNames.Results}/{command.Id}",
                CorrelationData = Encoding.UTF8.GetBytes(command.Id),
            },
            _ => null,
        };
    }

    /// <summary>What every topic of a twin's alarms begins with.</summary>
    public static string AlarmPrefix(string root, TwinId twin) =>
        $"{root}/{twin.Kind}/{twin.Key}/{TopicNames.Alarms}/";
}
