namespace TwinGrid.MqttGateway.Bridging;

/// <summary>Another client connected to the broker with the bridge's client id (MQTT 5 reason 0x8E).</summary>
internal sealed class SessionTakenOverException(string message) : TwinGridException(message);
