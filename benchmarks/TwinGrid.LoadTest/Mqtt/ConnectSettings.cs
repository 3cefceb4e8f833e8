namespace TwinGrid.LoadTest.Mqtt;

/// <summary>How a client connects.</summary>
/// <param name="ClientId">Its name.</param>
/// <param name="Version">3 for MQTT 3.1.1, 5 for MQTT 5.</param>
/// <param name="Clean">True for a session that ends with its connection, else one that lives an hour longer.</param>
/// <param name="KeepAliveSeconds">After how much silence it may be cut; 0 for never.</param>
internal readonly record struct ConnectSettings(
    string ClientId, int Version, bool Clean = true, ushort KeepAliveSeconds = 0);
