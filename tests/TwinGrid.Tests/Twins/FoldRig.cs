using System.Text;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Twins;

/// <summary>One twin's state and the fold over it, with times in seconds after a fixed moment.</summary>
internal sealed class FoldRig
{
    public static readonly DateTimeOffset Epoch = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly ReadingWriter _writer = new();
    private readonly List<byte> _log = [];

    public FoldRig(
        TwinDefinition? definition = null, IEnumerable<PredictiveModelType>? models = null, string key = "p1")
    {
        CompiledKind kind = definition is null
            ? CompiledKind.Unmodelled("pump")
            : CompiledKind.Compile(
                definition,
                1,
                (models ?? []).ToDictionary(m => m.Type),
                new Dictionary<string, ControlPolicyType>());
        State = new TwinState(new TwinId(kind.Kind, key), kind);
    }

    public TwinState State { get; }

    public TurnEffects Effects { get; } = new();

    public ControlMode Mode { get; set; } = ControlMode.Act;

    /// <summary>Every input so far, as the log would keep it.</summary>
    public ReadOnlySpan<byte> Log => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_log);

    public TurnHeader Header => new()
    {
        Mode = Mode,
        DefinitionRevision = State.Kind.Revision,
        LiveWindow = 60 * UnixMicroseconds.PerSecond,
        MaxNames = 16,
        MaxSources = 2,
    };

    public static long At(double seconds) => UnixMicroseconds.From(Epoch.AddSeconds(seconds));

    public InputAnswer Send(
        double received,
        Action<ReadingWriter> readings,
        double? ts = null,
        long? seq = null,
        long? epoch = null,
        string? source = null,
        bool historical = false)
    {
        _writer.Clear();
        _writer.BeginMessage(new MessageHeader
        {
            Received = At(received),
            Time = ts is { } t ? At(t) : null,
            Seq = seq,
            Epoch = epoch,
            Source = source,
            Historical = historical,
        });
        readings(_writer);
        _writer.EndMessage();
        return Apply(_writer.Written.Span);
    }

    public InputAnswer Number(
        double received,
        double value,
        double? ts = null,
        long? seq = null,
        long? epoch = null,
        string name = "temperature") =>
        Send(received, w => w.Number(Encoding.UTF8.GetBytes(name), value), ts, seq, epoch);

    public InputAnswer Apply(ReadOnlySpan<byte> inputs)
    {
        Effects.Clear();
        _log.AddRange(inputs);
        InputAnswer answer = TwinFold.Apply(State, Header, inputs, Effects);
        State.Revision++;
        return answer;
    }

    public TelemetrySnapshot Telemetry(string name = "temperature") => SnapshotBuilder.Snapshot(State).Telemetry[name];

    public double Value(string name = "temperature") => Telemetry(name).Value.Number;
}
