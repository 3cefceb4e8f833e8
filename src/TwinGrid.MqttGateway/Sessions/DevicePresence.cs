namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// What one connection proves of its twins: that their device is there, from the first message to the connection's
/// end. Thread-safe.
/// </summary>
/// <param name="id">What presence names the connection by; never used twice, also not by another process.</param>
internal sealed class DevicePresence(string id)
{
    /// <summary>What presence names the connection by.</summary>
    public string Id { get; } = id;
}
