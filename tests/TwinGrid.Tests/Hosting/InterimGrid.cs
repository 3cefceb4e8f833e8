using System.Collections.Concurrent;
using System.Text.Json;
using Orleans.Hosting;
using TwinGrid.Hosting;

namespace TwinGrid.Tests.Hosting;

// Until the real parts are merged.
internal sealed class InterimMemory
{
    public ConcurrentDictionary<TwinId, TwinSnapshot> Twins { get; } = new();
    public ConcurrentDictionary<string, CommandSnapshot> Commands { get; } = new();
}

internal sealed class InterimStore : ITwinStore
{
    private readonly List<StoredDeadLetter> _letters = [];
    public Task InitializeAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task<StoredTwin> LoadAsync(TwinId twin, CancellationToken cancellationToken) => Task.FromResult(new StoredTwin(null, []));
    public Task<IReadOnlyList<CommitOutcome>> CommitAsync(IReadOnlyList<TwinTurn> turns, IReadOnlyList<StoredSnapshot> snapshots, CancellationToken cancellationToken) => throw new NotSupportedException();
    public async IAsyncEnumerable<TwinId> ReadDueAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken) { await Task.Yield(); yield break; }
    public Task EraseAsync(TwinId twin, long beforeRevision, CancellationToken cancellationToken) => Task.CompletedTask;
    public Task AppendDeadLettersAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        lock (_letters) foreach (var l in letters) _letters.Add(new StoredDeadLetter(_letters.Count + 1, l));
        return Task.CompletedTask;
    }
    public Task<IReadOnlyList<StoredDeadLetter>> ReadDeadLettersAsync(long? before, int limit, CancellationToken cancellationToken)
    {
        lock (_letters) return Task.FromResult<IReadOnlyList<StoredDeadLetter>>([.. _letters.Where(l => before is null || l.Id < before).Reverse().Take(limit)]);
    }
}

internal sealed class InterimDecoder(string format) : IPayloadDecoder
{
    public string Format => format;
    public string? Decode(ReadOnlySpan<byte> payload, in PayloadContext context, ReadingWriter readings)
    {
        JsonElement e;
        try { e = JsonDocument.Parse(payload.ToArray()).RootElement; } catch (JsonException x) { return x.Message; }
        readings.BeginMessage(new MessageHeader { Received = context.Received });
        var items = context.Telemetry is { } t ? [(t, e)] : e.EnumerateObject().Select(p => (p.Name, p.Value)).ToArray();
        foreach (var (name, value) in items)
        {
            if (value.ValueKind == JsonValueKind.Number) readings.Number(System.Text.Encoding.UTF8.GetBytes(name), value.GetDouble(), default);
            else readings.Drop(new DroppedReading(name, ReadingOutcome.Malformed, "not a number"));
        }
        readings.EndMessage();
        return null;
    }
}

internal sealed class InterimIngest(InterimMemory memory) : ITwinIngest
{
    public ValueTask<IngestResult> IngestAsync(TwinId twin, ReadOnlyMemory<byte> inputs, CancellationToken cancellationToken = default)
    {
        var reader = new InputReader(inputs.Span);
        int applied = 0;
        var old = memory.Twins.GetValueOrDefault(twin);
        var telemetry = new Dictionary<string, TelemetrySnapshot>(old?.Telemetry ?? new Dictionary<string, TelemetrySnapshot>());
        while (reader.Next())
        {
            var rs = reader.Readings();
            while (rs.Next())
            {
                string name = System.Text.Encoding.UTF8.GetString(rs.Name);
                applied++;
                var at = UnixMicroseconds.ToDateTimeOffset(reader.Received);
                telemetry[name] = new TelemetrySnapshot(ReadingValue.Of(rs.Number), at, at, Quality.Good, null, (telemetry.GetValueOrDefault(name)?.Count ?? 0) + 1, false);
            }
        }
        memory.Twins[twin] = new TwinSnapshot
        {
            Id = twin.ToString(), Kind = twin.Kind, Revision = (old?.Revision ?? 0) + 1, Telemetry = telemetry, LastSeenAt = TimeProvider.System.GetUtcNow(),
            Properties = new PropertiesSnapshot(RawJson.EmptyObject, RawJson.EmptyObject),
            Predictions = new Dictionary<string, PredictionSnapshot>(), Alarms = old?.Alarms ?? [], Sources = [], Counters = new CountersSnapshot(applied, 0, 0, 0, 0, 0), Commands = [],
        };
        return ValueTask.FromResult(new IngestResult(IngestStatus.Accepted, memory.Twins[twin].Revision, applied));
    }
}

internal sealed class InterimTwin(InterimMemory memory, IGrainContext context) : Grain, ITwin
{
    private TwinId Id => TwinId.FromGrainKey(context.GrainId.Key.ToString()!);
    public Task<TwinSnapshot?> GetAsync() => Task.FromResult(memory.Twins.GetValueOrDefault(Id));
    public Task<TwinSummary?> SummarizeAsync() => throw new NotSupportedException();
    public Task<IngestResult> ApplyAsync(byte[] inputs) => throw new NotSupportedException();
    public Task<CommandAnswer> SendAsync(string commandId, string name, RawJson args, TimeSpan? expiresIn, string? idempotencyKey)
    {
        if (!memory.Twins.ContainsKey(Id)) return Task.FromResult(new CommandAnswer(CommandRefusal.UnknownTwin, null));
        var c = new CommandSnapshot { Id = commandId, Name = name, Args = args, IssuedAt = TimeProvider.System.GetUtcNow(), ExpiresAt = TimeProvider.System.GetUtcNow() + (expiresIn ?? TimeSpan.FromSeconds(30)) };
        memory.Commands[commandId] = c;
        return Task.FromResult(new CommandAnswer(CommandRefusal.None, c));
    }
    public Task<CommandSnapshot?> GetCommandAsync(string commandId) => Task.FromResult(memory.Commands.GetValueOrDefault(commandId));
    public Task<CommandSnapshot?> WaitForCommandAsync(string commandId, TimeSpan wait) => GetCommandAsync(commandId);
    public Task<AlarmSnapshot?> AcknowledgeAlarmAsync(string alarm, string by, string? note) => Task.FromResult<AlarmSnapshot?>(null);
    public Task<bool> DeleteAsync(bool eraseHistory) => Task.FromResult(memory.Twins.TryRemove(Id, out _));
    public Task RedeliverAsync() => Task.CompletedTask;
    public Task RepublishAlarmsAsync() => Task.CompletedTask;
}

internal sealed class InterimFleet(InterimMemory memory) : Grain, ITwinFleet
{
    public Task<TwinPage> ListAsync(string? kind, string? cursor, int limit)
    {
        var all = memory.Twins.Values.Where(t => kind is null || t.Kind == kind).OrderBy(t => t.Id, StringComparer.Ordinal).Where(t => cursor is null || string.CompareOrdinal(t.Id, cursor) > 0).Take(limit + 1).ToList();
        var items = all.Take(limit).Select(t => new TwinSummary(t.Id, t.Kind, t.Revision, t.LastSeenAt, t.Online, 0)).ToList();
        return Task.FromResult(new TwinPage(items, all.Count > limit ? items[^1].Id : null));
    }
}
