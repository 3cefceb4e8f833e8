using System.Text.Json;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.ForeignClients;

/// <summary>
/// The MQTT libraries that devices are most often written with: MQTT.js (Debian's node-mqtt) and paho for Python
/// (Debian's python3-paho-mqtt). Each sends a thousand readings without waiting, then listens for its commands.
/// </summary>
public sealed class LibraryTests(SharedGrid grid)
{
    private const int Readings = 1_000;

    private const string Node = "/usr/bin/node";
    private const string NodeModules = "/usr/share/nodejs";
    private const string Python = "/usr/bin/python3";
    private const string Paho = "/usr/lib/python3/dist-packages/paho";

    private const string Script = """
        process.env.NODE_PATH = 'NODE_MODULES';
        require('module').Module._initPaths();
        const mqtt = require('mqtt');
        const [port, version, twin] = process.argv.slice(1);
        const client = mqtt.connect({ port, host: '127.0.0.1', protocolVersion: +version, clientId: twin });
        let acknowledged = 0;
        client.on('connect', () => client.subscribe(`twins/${twin}/commands/+`, { qos: 1 }, () => {
            for (let i = 0; i < 1000; i++)
                client.publish(`twins/${twin}/telemetry`, JSON.stringify({ x: i, seq: i, epoch: 1 }), { qos: 1 },
                    e => { if (e) throw e; if (++acknowledged === 1000) console.log('all acknowledged'); });
        }));
        client.on('message', (topic, payload) => {
            const id = JSON.parse(payload).id;
            client.publish(`twins/${twin}/results/${id}`, '{"status":"succeeded"}', { qos: 2 }, () => client.end());
        });
        """;

    private const string PahoScript = """
        import json, sys
        import paho.mqtt.client as mqtt
        port, version, twin = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
        acknowledged = 0
        def connected(client, *_):
            client.subscribe(f'twins/{twin}/commands/+', 1)
        def subscribed(client, *_):
            for i in range(1000):
                client.publish(f'twins/{twin}/telemetry', json.dumps({'x': i, 'seq': i, 'epoch': 1}), 1)
        def published(client, *_):
            global acknowledged
            acknowledged += 1
            if acknowledged == 1000: print('all acknowledged', flush=True)
            if acknowledged == 1001: client.disconnect()
        def message(client, _, m):
            id = json.loads(m.payload)['id']
            client.publish(f'twins/{twin}/results/{id}', '{"status":"succeeded"}', 2)
        client = mqtt.Client(twin, protocol=version)
        client.max_inflight_messages_set(200)
        client.on_connect, client.on_subscribe = connected, subscribed
        client.on_publish, client.on_message = published, message
        client.connect('127.0.0.1', port)
        client.loop_forever()
        """;

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task MQTT_js_has_its_readings_acknowledged_and_does_its_command(int version)
    {
        RequireFile(Node, "nodejs");
        RequireFile($"{NodeModules}/mqtt/package.json", "node-mqtt");
        string script = Script.Replace("NODE_MODULES", NodeModules, StringComparison.Ordinal);
        await WorksAsync(Node, ["-e", script, "--"], version, $"boat/js{version}");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Paho_for_Python_has_its_readings_acknowledged_and_does_its_command(int version)
    {
        RequireFile(Python, "python3");
        RequireFile($"{Paho}/mqtt/client.py", "python3-paho-mqtt");
        await WorksAsync(Python, ["-c", PahoScript], version, $"boat/paho{version}");
    }

    private async Task WorksAsync(string program, string[] script, int version, string twin)
    {
        await using RunningProgram client = RunningProgram.Start(
            program, [.. script, $"{grid.MqttPort}", $"{version}", twin], Path.GetTempPath());
        await Eventually.HoldsAsync(
            "all readings acknowledged",
            () => client.Output.Contains("all acknowledged", StringComparison.Ordinal));
        JsonElement seen = (await grid.Api.TwinAsync(twin))!.Value;
        Assert.Equal(Readings, seen.Counter("readings"));
        Assert.Equal(0, seen.Counter("duplicates"));
        Assert.Equal(Readings - 1, seen.Number("x"));

        string id = await grid.Api.CommandAsync(twin, "trim");
        await grid.Api.WaitForCommandAsync(twin, id, "succeeded");
        (await client.EndAsync()).Succeeded();
    }

    private static void RequireFile(string path, string package)
    {
        if (!File.Exists(path))
        {
            Assert.Skip($"{package} is not installed");
        }
    }
}
