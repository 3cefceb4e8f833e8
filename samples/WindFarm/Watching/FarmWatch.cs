using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using MQTTnet;
using TwinGrid;
using WindFarm.Devices;

namespace WindFarm.Watching;

/// <summary>
/// Watches the farm as any stranger could: an MQTT client that subscribes to everything the grid publishes. All that
/// the screen shows comes from here, nothing from the simulation. Thread-safe.
/// </summary>
internal sealed class FarmWatch : IAsyncDisposable
{
    private readonly IMqttClient _client = new MqttClientFactory().CreateMqttClient();
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, TwinSnapshot> _twins = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<FarmEvent> _events = new();
    private readonly Dictionary<string, string> _alarms = [];
    private readonly Dictionary<string, CommandStatus> _commands = [];
    private long _begun;
    private long _readingsBefore;

    public FarmWatch(TimeProvider time)
    {
        _time = time;
        _client.ApplicationMessageReceivedAsync += received =>
        {
            Hear(received.ApplicationMessage);
            return Task.CompletedTask;
        };
    }

    /// <summary>The newest state of each twin.</summary>
    public IReadOnlyDictionary<string, TwinSnapshot> Twins => _twins;

    /// <summary>What happened since the first live picture, in order.</summary>
    public IReadOnlyCollection<FarmEvent> Events => _events;

    /// <summary>How well power is predicted.</summary>
    public PredictionScore Score { get; } = new();

    /// <summary>Seconds since the first live picture; 0 before it.</summary>
    public double Seconds => _begun == 0 ? 0 : _time.GetElapsedTime(_begun).TotalSeconds;

    /// <summary>The readings that the twins have counted since the first live picture.</summary>
    public long Readings => AllReadings - _readingsBefore;

    private long AllReadings => _twins.Values.Sum(twin => twin.Counters.Readings);

    /// <summary>The first live picture stands: events count from now.</summary>
    public void Begin()
    {
        _readingsBefore = AllReadings;
        Volatile.Write(ref _begun, _time.GetTimestamp());
    }

    /// <summary>How many events of a sort there were.</summary>
    public int Count(FarmEventKind kind) => _events.Count(e => e.Kind == kind);

    /// <summary>Connects to the grid and subscribes.</summary>
    public async Task ConnectAsync(IPEndPoint listener, CancellationToken cancellationToken)
    {
        await _client.ConnectAsync(ClientOptions.For(listener, "wind-farm-watch"), cancellationToken);
        MqttClientSubscribeOptions everything = new MqttClientSubscribeOptionsBuilder()
            .WithTopicFilter("twins/#")
            .Build();
        await _client.SubscribeAsync(everything, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_client.IsConnected)
        {
            await _client.DisconnectAsync();
        }

        _client.Dispose();
    }

    // Called for one message after the other: MQTTnet awaits the handler.
    private void Hear(MqttApplicationMessage message)
    {
        // twins/{kind}/{key}/state or twins/{kind}/{key}/alarms/{name}
        string[] levels = message.Topic.Split('/');
        if (levels is [_, _, _, "state"])
        {
            byte[] payload = message.Payload.ToArray();
            TwinSnapshot state = JsonSerializer.Deserialize(payload, TwinGridJson.Default.TwinSnapshot)!;
            _twins[state.Id] = state;
            Score.Judge(state);
            foreach (CommandSnapshot command in state.Commands.Reverse())
            {
                HearCommand(state.Id, command);
            }
        }
        else if (levels is [_, string kind, string key, "alarms", string name] && message.Payload.Length > 0)
        {
            HearAlarm($"{kind}/{key}", name, JsonElement.Parse(message.Payload.ToArray()), message.Retain);
        }
    }

    private void HearAlarm(string twin, string name, JsonElement alarm, bool retained)
    {
        string state = alarm.GetProperty("state").GetString()!;
        string before = _alarms.GetValueOrDefault($"{twin} {name}", "cleared");
        _alarms[$"{twin} {name}"] = state;

        // A retained alarm was raised before this watch began.
        if (state != before && !retained)
        {
            FarmEventKind kind = state == "active" ? FarmEventKind.AlarmRaised : FarmEventKind.AlarmCleared;
            string severity = alarm.GetProperty("severity").GetString()!;
            Add(new FarmEvent(Seconds, twin, kind, name, severity, alarm.GetProperty("why").GetString()!));
        }
    }

    private void HearCommand(string twin, CommandSnapshot command)
    {
        bool known = _commands.TryGetValue(command.Id, out CommandStatus before);
        _commands[command.Id] = command.Status;
        string why = command.Why ?? command.Message ?? "somebody asked for it";
        if (!known)
        {
            Add(new FarmEvent(Seconds, twin, FarmEventKind.CommandSent, command.Name, command.Args.ToString(), why));
        }

        if (command.Status >= CommandStatus.Succeeded && before < CommandStatus.Succeeded)
        {
            string answer = command.Result is RawJson result
                ? $"the device answered {result}"
                : command.Message ?? "the device gave no reason";
            Add(new FarmEvent(
                Seconds, twin, FarmEventKind.CommandEnded, command.Name, CommandWords.Of(command.Status), answer));
        }
    }

    private void Add(FarmEvent happened)
    {
        if (Volatile.Read(ref _begun) != 0)
        {
            _events.Enqueue(happened);
        }
    }
}
