using System.Text.Json;
using MQTTnet;

namespace TwinGrid.ClusterTests.Devices;

/// <summary>A message that a client received.</summary>
internal sealed class MqttMessage(MqttApplicationMessage message)
{
    /// <summary>Its topic.</summary>
    public string Topic { get; } = message.Topic;

    /// <summary>Its payload as text.</summary>
    public string Text { get; } = message.ConvertPayloadToString() ?? "";

    /// <summary>Its quality of service, 0 to 2.</summary>
    public int Qos { get; } = (int)message.QualityOfServiceLevel;

    /// <summary>Whether it came from the retained ones.</summary>
    public bool Retained { get; } = message.Retain;

    /// <summary>Its payload as JSON.</summary>
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    public override string ToString() => $"{Topic} {Text}";
}
