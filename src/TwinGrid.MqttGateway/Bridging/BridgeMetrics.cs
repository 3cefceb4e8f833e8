using System.Diagnostics.Metrics;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>Counts what crosses the bridge. Thread-safe.</summary>
internal static class BridgeMetrics
{
    private static readonly Counter<long> Received = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.bridge.received", "{message}", "messages that the outside broker sent");

    private static readonly Counter<long> Shed = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.bridge.shed", "{message}", "messages of QoS 0 dropped because too much waits for the store");

    private static readonly Counter<long> Published = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.bridge.published", "{message}", "messages to the outside broker, by kind and outcome");

    private static readonly UpDownCounter<long> Connected = TwinGridDiagnostics.Meter.CreateUpDownCounter<long>(
        "twingrid.mqtt.bridge.connections", "{connection}", "connections to the outside broker");

    private static readonly UpDownCounter<long> Held = TwinGridDiagnostics.Meter.CreateUpDownCounter<long>(
        "twingrid.mqtt.bridge.held", "{connection}",
        "connections that are not read because so much that they brought is not committed");

    private static readonly Counter<long> Ended = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.bridge.ended", "{connection}", "connections to the outside broker that ended, or never began");

    public static void CountReceived() => Received.Add(1);

    public static void CountShed() => Shed.Add(1);

    public static void CountPublished(string kind, string outcome) => Published.Add(
        1, new KeyValuePair<string, object?>("kind", kind), new KeyValuePair<string, object?>("outcome", outcome));

    public static void CountHeld(int by) => Held.Add(by);

    public static void CountEnded() => Ended.Add(1);

    public static void CountConnected(int by) => Connected.Add(by);
}
