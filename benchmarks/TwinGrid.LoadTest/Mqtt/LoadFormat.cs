namespace TwinGrid.LoadTest.Mqtt;

/// <summary>What the messages of a load are like.</summary>
/// <param name="Version">3 for MQTT 3.1.1, 5 for MQTT 5.</param>
/// <param name="Qos">0 or 1.</param>
/// <param name="Readings">Values in each.</param>
/// <param name="Epoch">Larger than that of any load before, so that the devices' numbers are new.</param>
internal sealed record LoadFormat(int Version, int Qos, int Readings, long Epoch);
