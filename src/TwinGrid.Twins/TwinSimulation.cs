using System.Numerics;
using System.Text;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.Modelling;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins;

/// <summary>
/// One twin without a silo, a store or a clock: the same fold as in the grain, for unit tests of kinds, policies and
/// models, and for what-if questions. Runs in microseconds. Not thread-safe.
/// </summary>
public sealed class TwinSimulation
{
    private readonly TwinState _state;
    private readonly TurnEffects _effects = new();
    private readonly ReadingWriter _writer = new();
    private readonly List<CommandMessage> _commands = [];
    private readonly List<AlarmSnapshot> _alarms = [];

    /// <summary>Makes a twin of a kind.</summary>
    /// <param name="definition">The kind.</param>
    /// <param name="models">The model types that it names.</param>
    /// <param name="policies">The policy types that it names beside expressions.</param>
    /// <exception cref="DefinitionException">The definition does not compile.</exception>
    public TwinSimulation(
        TwinDefinition definition,
        IEnumerable<PredictiveModelType>? models = null,
        IEnumerable<ControlPolicyType>? policies = null)
    {
        ArgumentNullException.ThrowIfNull(definition);
        CompiledKind kind = CompiledKind.Compile(
            definition,
            1,
            (models ?? []).ToDictionary(m => m.Type, StringComparer.Ordinal),
            (policies ?? []).ToDictionary(p => p.Type, StringComparer.Ordinal)).Open();
        _state = new TwinState(new TwinId(definition.Kind, "simulated"), kind);
    }

    /// <summary>The grid's time; readings are measured and received then. Default 2026-01-01 UTC.</summary>
    public DateTimeOffset Now { get; private set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The kill switch; default act.</summary>
    public ControlMode Mode { get; set; } = ControlMode.Act;

    /// <summary>The twin as the API would show it.</summary>
    public TwinSnapshot Snapshot => SnapshotBuilder.Snapshot(_state);

    /// <summary>Every command that was sent to the device, in order.</summary>
    public IReadOnlyList<CommandMessage> Commands => _commands;

    /// <summary>Every change of an alarm, in order.</summary>
    public IReadOnlyList<AlarmSnapshot> Alarms => _alarms;

    /// <summary>Lets time pass; what is due happens, to the moment.</summary>
    public TwinSimulation Wait(TimeSpan span)
    {
        DateTimeOffset end = Now + span;
        while (TwinFold.NextDue(_state, UnixMicroseconds.From(Now)) is { } due && due <= UnixMicroseconds.From(end))
        {
            Now = UnixMicroseconds.ToDateTimeOffset(Math.Max(due, UnixMicroseconds.From(Now)));
            Turn(PackedInputs.Pack(InputKind.Tick, UnixMicroseconds.From(Now)));
        }

        Now = end;
        return this;
    }

    /// <summary>Brings one message of numbers.</summary>
    public TwinSimulation Read(params ReadOnlySpan<(string Telemetry, double Value)> readings)
    {
        long now = UnixMicroseconds.From(Now);
        _writer.Clear();
        _writer.BeginMessage(new MessageHeader { Received = now });
        foreach ((string telemetry, double value) in readings)
        {
            _writer.Number(Encoding.UTF8.GetBytes(telemetry), value);
        }

        _writer.EndMessage();
        Turn(_writer.Written.Span);
        return this;
    }

    /// <summary>Brings one waveform block.</summary>
    /// <param name="telemetry">The telemetry.</param>
    /// <param name="rate">Samples per second, Hz.</param>
    /// <param name="samples">The samples, in the telemetry's unit.</param>
    public TwinSimulation ReadWaveform(string telemetry, double rate, params ReadOnlySpan<double> samples)
    {
        _writer.Clear();
        _writer.BeginMessage(new MessageHeader { Received = UnixMicroseconds.From(Now) });
        _writer.Waveform(
            Encoding.UTF8.GetBytes(telemetry),
            rate,
            WaveformEncoding.Float64,
            1,
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(samples));
        _writer.EndMessage();
        Turn(_writer.Written.Span);
        return this;
    }

    /// <summary>Brings the device's answer to a command.</summary>
    public TwinSimulation Answer(string commandId, CommandStatus status, string? message = null)
    {
        CommandResultInput result = new(commandId, status, Message: message);
        Turn(PackedInputs.Pack(
            InputKind.CommandResult, UnixMicroseconds.From(Now), result, TwinGridJson.Default.CommandResultInput));
        return this;
    }

    private void Turn(ReadOnlySpan<byte> inputs)
    {
        LimitOptions limits = new();
        TurnHeader header = new()
        {
            Mode = Mode,
            DefinitionRevision = _state.Kind.Revision,
            LiveWindow = new Ingest.IngestOptions().LiveWindow.Microseconds,
            MaxNames = limits.TelemetryNamesPerKind,
            MaxSources = limits.SourcesPerTwin,
        };
        _effects.Clear();
        TwinFold.Apply(_state, header, inputs, _effects);
        _state.Revision++;
        _commands.AddRange(_effects.Deliveries.Select(command => command.ToMessage()));
        _alarms.AddRange(_effects.Alarms.Select(alarm => alarm.ToSnapshot()));
        // What is answered is a turn of its own, with effects of its own.
        ulong ofHistory = _effects.AskedOfHistory;
        for (ulong asked = _effects.Asked; asked != 0; asked &= asked - 1)
        {
            RunBatched(BitOperations.TrailingZeroCount(asked), ofHistory);
        }
    }

    // In a silo the answer comes a moment later and with those of other twins; here it is there at once.
    private void RunBatched(int index, ulong askedOfHistory)
    {
        ModelRow row = ModelRow.Of(_state, index, askedOfHistory);
        double[] outputs = new double[row.Model.OutputLength];
        row.Model.Run(row.Values, outputs);
        Turn(row.Answer(outputs, UnixMicroseconds.From(Now)));
    }
}
