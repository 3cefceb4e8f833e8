using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TwinGrid.Twins;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.History;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Twins.History;

/// <summary>
/// One twin that lives by chance, as an activation does, over a real store: turns of any inputs, snapshots, restarts,
/// new definitions; and what its state was at every revision.
/// </summary>
internal sealed class LivedTwin(ITwinStore store, IGrainFactory grains, string kind, int seed)
{
    private const int SnapshotEvery = 8;

    private static readonly PredictiveModelType[] s_models = [.. new ServiceCollection().AddTwinGridModels()
        .BuildServiceProvider().GetServices<PredictiveModelType>()];

    private static readonly string[] s_names = ["speed", "heat", "state", "place", "shake", "extra"];

    private readonly Random _random = new(seed);
    private readonly TurnEffects _effects = new();
    private readonly List<string> _commands = [];
    private TwinState _state = null!;
    private byte _version = TwinFold.Version;
    private long _seq;
    private int _tail;

    public TwinId Twin { get; } = new(kind, "t1");

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));

    public KindRegistry Kinds { get; private set; } = null!;

    /// <summary>The state of every revision.</summary>
    public Dictionary<long, byte[]> States { get; } = [];

    /// <summary>The time of every revision.</summary>
    public Dictionary<long, long> Times { get; } = [];

    private static readonly FixedLimits s_limits = new(new LimitOptions { HistoryKeep = TimeSpan.FromDays(3_650) });

    public PartSealer Sealer => new(store, Kinds, s_limits, Clock, NullLogger.Instance);

    public HistoryBook Book => BookOf(null);

    public HistoryBook BookOf(FoldedTails? tails) => new(store, Kinds, s_limits, Clock, tails);

    public async Task LiveAsync(int turns)
    {
        await RestartAsync(newDefinition: true);
        for (int i = 0; i < turns; i++)
        {
            await TurnAsync();
            switch (_random.Next(60))
            {
                case 0:
                    await RestartAsync(newDefinition: true);
                    break;
                case 1 or 2:
                    await RestartAsync(newDefinition: false);
                    break;
                case 3 or 4:
                    await Sealer.SealAsync(Twin, 1, 0, CancellationToken.None);
                    break;
                case 5:
                    await store.ReclaimAsync(CancellationToken.None);
                    break;
            }
        }
    }

    /// <summary>
    /// Lives as the version of the fold before this one did, whose rules counted otherwise, and is stopped cleanly.
    /// </summary>
    public async Task LiveOlderAsync(int turns)
    {
        _version = TwinFold.Version - 1;
        await RestartAsync(newDefinition: true);
        for (int i = 0; i < turns; i++)
        {
            await TurnAsync();
            _state.Counters.Rejected++;
        }

        await SnapshotAsync();
        States.Clear();
        States[_state.Revision] = StateWriter.Write(_state);
        _version = TwinFold.Version;
    }

    /// <summary>Another activation: what was committed, under the definition of now.</summary>
    private async Task RestartAsync(bool newDefinition)
    {
        if (_state is { IsAhead: false } && _tail > 0 && _random.Next(2) == 0)
        {
            await SnapshotAsync();
        }

        if (newDefinition)
        {
            Kinds = new KindRegistry(new DefinitionSet([Definition(_random.Next(3))]), s_models, [], grains);
            await Kinds.PublishAsync();
        }

        (_state, _tail) = await TwinRecovery.LoadAsync(Twin, store, Kinds, CancellationToken.None);
        if (!_state.IsAhead && States.TryGetValue(_state.Revision, out byte[]? known))
        {
            Assert.Equal(known, StateWriter.Write(_state));
        }
    }

    private async Task TurnAsync()
    {
        Clock.Advance(TimeSpan.FromMilliseconds(_random.Next(1, 90_000)));
        long now = UnixMicroseconds.Now(Clock);
        TurnHeader header = new()
        {
            Mode = (ControlMode)_random.Next(3),
            DefinitionRevision = _state.Kind.Revision,
            LiveWindow = 60 * UnixMicroseconds.PerSecond,
            MaxNames = 16,
            MaxSources = 2,
        };
        byte[] inputs = [.. Enumerable.Range(0, _random.Next(1, 4)).SelectMany(_ => Input(now))];
        byte[] row = new byte[TurnHeader.Size + inputs.Length];
        header.Write(row);
        inputs.CopyTo(row, TurnHeader.Size);
        _effects.Clear();
        TwinFold.Apply(_state, header, inputs, _effects);
        if (!_effects.Changed)
        {
            return;
        }

        _commands.AddRange(_effects.Deliveries.Select(command => command.Id));
        _state.Revision++;
        _state.IsAhead = false;
        TwinTurn turn = new()
        {
            Twin = Twin,
            Revision = _state.Revision,
            Time = now,
            FoldVersion = _version,
            Inputs = row,
        };
        IReadOnlyList<CommitOutcome> outcomes = await store.CommitAsync([turn], [], CancellationToken.None);
        Assert.Equal(CommitOutcome.Committed, outcomes[0]);
        States[_state.Revision] = StateWriter.Write(_state);
        Times[_state.Revision] = now;
        if (++_tail >= SnapshotEvery)
        {
            await SnapshotAsync();
        }
    }

    public async Task SnapshotAsync()
    {
        _tail = 0;
        StoredSnapshot snapshot = new()
        {
            Twin = Twin,
            Revision = _state.Revision,
            FoldVersion = _version,
            State = StateWriter.Write(_state),
        };
        await store.CommitAsync([], [snapshot], CancellationToken.None);
    }

    private byte[] Input(long now) => _random.Next(16) switch
    {
        <= 6 => Readings(now),
        7 => PackedInputs.Pack(
            InputKind.ReportedProperties, now, Encoding.UTF8.GetBytes($$"""{"a":{{_random.Next(9)}},"b":null}""")),
        8 => PackedInputs.Pack(
            InputKind.CommandRequest,
            now,
            new CommandRequestInput(
                Command(), "slow", RawJson.EmptyObject, now + (_random.Next(1, 60) * UnixMicroseconds.PerSecond)),
            TwinGridJson.Default.CommandRequestInput),
        9 => PackedInputs.Pack(
            InputKind.CommandDelivered,
            now,
            new CommandDeliveredInput(KnownCommand()),
            TwinGridJson.Default.CommandDeliveredInput),
        10 => PackedInputs.Pack(
            InputKind.CommandResult,
            now,
            new CommandResultInput(KnownCommand(), (CommandStatus)_random.Next(2, 6), Message: "done"),
            TwinGridJson.Default.CommandResultInput),
        11 => PackedInputs.Pack(
            InputKind.Presence,
            now,
            new PresenceInput(
                _random.Next(3) switch { 0 => true, 1 => false, _ => null }, _random.Next(2) == 0 ? "" : "s"),
            TwinGridJson.Default.PresenceInput),
        12 => PackedInputs.Pack(
            InputKind.AlarmAcknowledged,
            now,
            new AlarmAcknowledgementInput("fast", "somebody"),
            TwinGridJson.Default.AlarmAcknowledgementInput),
        13 => PackedInputs.Pack(
            InputKind.DesiredProperties,
            now,
            new DesiredPropertiesInput($"0190{_random.Next():x8}", new RawJson($$"""{"limit":{{_random.Next(5)}}}""")),
            TwinGridJson.Default.DesiredPropertiesInput),
        14 => PackedInputs.Pack(
            InputKind.CommandCancelled,
            now,
            new CommandCancelledInput(KnownCommand()),
            TwinGridJson.Default.CommandCancelledInput),
        _ => _random.Next(8) == 0
            ? PackedInputs.Pack(InputKind.Deleted, now)
            : PackedInputs.Pack(InputKind.Tick, now),
    };

    private string Command() => $"0190{_random.Next():x8}";

    private string KnownCommand() => _commands.Count == 0 ? "none" : _commands[_random.Next(_commands.Count)];

    private byte[] Readings(long now)
    {
        ReadingWriter writer = new();
        bool numbered = _random.Next(2) == 0;
        writer.BeginMessage(new MessageHeader
        {
            Received = now,
            Source = _random.Next(4) == 0 ? "b" : null,
            Seq = numbered ? _seq = Math.Max(0, _seq + _random.Next(-2, 4)) : null,
            Epoch = numbered && _random.Next(2) == 0 ? 1 : null,
            Time = _random.Next(2) == 0 ? now - (_random.Next(-400, 200) * UnixMicroseconds.PerSecond) : null,
            Historical = _random.Next(9) == 0,
        });
        for (int i = _random.Next(1, 5); i > 0; i--)
        {
            Write(writer, s_names[_random.Next(s_names.Length)]);
        }

        writer.EndMessage();
        return writer.Written.ToArray();
    }

    private void Write(ReadingWriter writer, string name)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(name);
        switch (name)
        {
            case "state":
                writer.Text(utf8, Encoding.UTF8.GetBytes(_random.Next(2) == 0 ? "open" : "closed"));
                break;
            case "place":
                writer.Position(utf8, _random.NextDouble() * 90, _random.NextDouble() * 180, double.NaN);
                break;
            case "shake":
                writer.Waveform(utf8, 100, WaveformEncoding.Int16, 0.5, [1, 0, (byte)_random.Next(256), 0, 3, 1]);
                break;
            case "extra" when _random.Next(2) == 0:
                writer.Boolean(utf8, _random.Next(2) == 0);
                break;
            case "heat" when _random.Next(6) == 0:
                writer.NoValue(utf8);
                break;
            default:
                writer.Number(utf8, _random.Next(6) == 0 ? 120 + _random.Next(9) : _random.NextDouble() * 100);
                break;
        }
    }

    private TwinDefinition Definition(int version) => new()
    {
        Kind = kind,
        Version = version,
        Telemetry =
        [
            new TelemetryDefinition
            {
                Name = "speed", Max = version == 2 ? 125 : null, ExpectEvery = TimeSpan.FromSeconds(30),
            },
            new TelemetryDefinition { Name = "heat", Keep = TimeSpan.FromDays(400) },
        ],
        Models = version == 1
            ? []
            :
            [
                new ModelDefinition { Name = "odd", Type = "Anomaly", Inputs = ["speed"] },
                new ModelDefinition
                {
                    Name = "hot", Type = "TrendToLimit", Inputs = ["heat"],
                    Options = JsonDocument.Parse("""{"limit":80,"direction":"rising"}""").RootElement,
                },
            ],
        Policies =
        [
            new PolicyDefinition
            {
                Name = "fast", When = "speed > 100", For = TimeSpan.FromSeconds(version), Mode = PolicyMode.Act,
                Command = new PolicyCommand { Name = "slow" },
            },
        ],
    };
}
