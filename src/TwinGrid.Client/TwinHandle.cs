using System.Text.Json;

namespace TwinGrid.Client;

/// <summary>One twin as another service sees it. Thread-safe.</summary>
public sealed class TwinHandle
{
    private readonly GridConnection _connection;
    private readonly TimeProvider _clock;

    internal TwinHandle(GridConnection connection, TimeProvider clock, TwinId id)
    {
        _connection = connection;
        _clock = clock;
        Id = id;
    }

    /// <summary>The twin's id.</summary>
    public TwinId Id { get; }

    /// <summary>The twin at its last committed revision, or null; looking does not create one.</summary>
    /// <exception cref="TwinGridUnavailableException">No silo answered in time.</exception>
    public Task<TwinSnapshot?> GetAsync(CancellationToken cancellationToken = default) =>
        _connection.CallAsync(grains => Grain(grains).GetAsync(), cancellationToken);

    /// <summary>
    /// Queues a command for the device. When the task ends the command is durable; await the device's answer with
    /// <see cref="CommandHandle.WaitAsync"/>. A call that is retried inside is the same command: its id is made here.
    /// </summary>
    /// <param name="name">The command's name; begins with a letter.</param>
    /// <param name="args">
    /// Its arguments: a <see cref="JsonElement"/>, a <see cref="RawJson"/>, or any object, which is written as
    /// camelCase JSON; null for an empty object.
    /// </param>
    /// <param name="expiresIn">After which it is never delivered; null for what the kind says, else 30 s.</param>
    /// <param name="idempotencyKey">Makes a later call with the same key the same command, for 24 h.</param>
    /// <param name="cancellationToken">Gives up waiting; the command may then be queued or not.</param>
    /// <exception cref="ArgumentException">Name, arguments or time cannot be those of a command.</exception>
    /// <exception cref="CommandRefusedException">The grid does not take it.</exception>
    /// <exception cref="TwinGridUnavailableException">No silo answered in time.</exception>
    public async Task<CommandHandle> SendCommandAsync(
        string name,
        object? args = null,
        TimeSpan? expiresIn = null,
        string? idempotencyKey = null,
        CancellationToken cancellationToken = default)
    {
        if (!TwinId.IsSegment(name) || !char.IsAsciiLetter(name[0]))
        {
            throw new ArgumentException(
                $"'{name}' is not a command's name: begin with a letter, then letters, digits, _ - .", nameof(name));
        }

        if (expiresIn is { } time)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero, nameof(expiresIn));
        }

        RawJson json = ToJson(args);
        string id = Guid.CreateVersion7(_clock.GetUtcNow()).ToString();
        CommandAnswer answer = await _connection.CallAsync(
            async grains => await Grain(grains).SendAsync(id, name, json, expiresIn, idempotencyKey) is
                { Refusal: not CommandRefusal.Unavailable } settled
                ? settled
                : throw new TwinGridUnavailableException("the store does not answer"),
            cancellationToken);
        return answer.Refusal == CommandRefusal.None
            ? new CommandHandle(_connection, Id, answer.Command!)
            : throw new CommandRefusedException(Id, name, answer.Refusal);
    }

    /// <summary>
    /// Changes what the device is asked to be. When the task ends the change is durable, and is published on
    /// <c>properties/desired</c>. A call that is retried inside is the same change.
    /// </summary>
    /// <param name="patch">
    /// A JSON merge patch (RFC 7396): a <see cref="JsonElement"/>, a <see cref="RawJson"/>, or any object, which is
    /// written as camelCase JSON. Members that are null are removed.
    /// </param>
    /// <param name="ifRevision">
    /// Only while the desired properties are at this revision; null for at any. See
    /// <see cref="PropertiesSnapshot.DesiredRevision"/>.
    /// </param>
    /// <param name="cancellationToken">Gives up waiting; the change may then be done or not.</param>
    /// <returns>
    /// The desired properties, or why they were not changed: a conflict, or what the kind does not allow.
    /// </returns>
    /// <exception cref="TwinGridUnavailableException">No silo answered in time.</exception>
    public Task<DesiredAnswer> PatchDesiredAsync(
        object patch, long? ifRevision = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(patch);
        RawJson json = ToJson(patch);
        string write = Guid.CreateVersion7(_clock.GetUtcNow()).ToString();
        long[]? revisions = ifRevision is { } revision ? [revision] : null;
        return _connection.CallAsync(
            async grains => await Grain(grains).PatchDesiredAsync(write, json, revisions) is
                { Refusal: not DesiredRefusal.Unavailable } settled
                ? settled
                : throw new TwinGridUnavailableException("the store does not answer"),
            cancellationToken);
    }

    /// <summary>
    /// Watches the twin: its snapshot, then one change per turn with the twin after it, until the twin is deleted. It
    /// goes on without a gap where the twin moves to another silo or its silo starts again. A reader that is slower
    /// than the twin is told of a gap and given a snapshot.
    /// </summary>
    /// <param name="afterRevision">
    /// Go on after this revision, without a snapshot and without <see cref="TwinChange.Twin"/>, while the grid has what
    /// came since; null to begin with a snapshot.
    /// </param>
    /// <param name="cancellationToken">Ends the watch.</param>
    /// <exception cref="TwinGridUnavailableException">No silo answered in time, at the beginning.</exception>
    /// <exception cref="TwinGridException">There is no such twin, or as many watch as may.</exception>
    public IAsyncEnumerable<TwinChange> WatchAsync(
        long? afterRevision = null, CancellationToken cancellationToken = default) =>
        new TwinWatcher(_connection, Id, Guid.CreateVersion7(_clock.GetUtcNow()).ToString("N"))
            .RunAsync(afterRevision, cancellationToken);

    /// <summary>Acknowledges an alarm; null where the twin has none of that name.</summary>
    /// <param name="name">The alarm's name.</param>
    /// <param name="by">Who acknowledges.</param>
    /// <param name="note">What they say of it.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="TwinGridUnavailableException">No silo answered in time.</exception>
    public Task<AlarmSnapshot?> AcknowledgeAlarmAsync(
        string name, string by, string? note = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(by);
        return _connection.CallAsync(grains => Grain(grains).AcknowledgeAlarmAsync(name, by, note), cancellationToken);
    }

    /// <summary>
    /// Reads what was measured: everything that was acknowledged before the call. Looking wakes no twin.
    /// </summary>
    /// <param name="query">Which telemetry, which time, how much; null for the oldest 10,000 readings of each.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The readings; null for a twin that never was.</returns>
    /// <exception cref="ArgumentException">Limit, points or the number of names are out of their range.</exception>
    /// <exception cref="TwinGridUnavailableException">No silo answered in time.</exception>
    public Task<HistoryPage?> GetHistoryAsync(
        HistoryQuery? query = null, CancellationToken cancellationToken = default)
    {
        HistoryQuery asked = query ?? new HistoryQuery();
        ArgumentOutOfRangeException.ThrowIfLessThan(asked.Limit, 1, nameof(query));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(asked.Limit, HistoryQuery.MaxLimit, nameof(query));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            asked.Telemetry?.Count ?? 0, HistoryQuery.MaxNames, nameof(query));
        ArgumentOutOfRangeException.ThrowIfLessThan(asked.MaxPoints ?? 4, 4, nameof(query));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(asked.MaxPoints ?? 4, HistoryQuery.MaxLimit, nameof(query));
        return _connection.CallAsync(grains => History(grains).ReadAsync(Id, asked), cancellationToken);
    }

    /// <summary>The twin as it was at a revision, made again from its log; null for a twin that never was.</summary>
    /// <param name="revision">The revision, from 1.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TwinGridUnavailableException">No silo answered in time.</exception>
    public Task<PastTwin?> GetAsOfAsync(long revision, CancellationToken cancellationToken = default) =>
        _connection.CallAsync(grains => History(grains).AsOfAsync(Id, revision, default), cancellationToken);

    /// <summary>The twin as it was at a time: at its newest revision then.</summary>
    /// <param name="time">The time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TwinGridUnavailableException">No silo answered in time.</exception>
    public Task<PastTwin?> GetAsOfAsync(DateTimeOffset time, CancellationToken cancellationToken = default) =>
        _connection.CallAsync(grains => History(grains).AsOfAsync(Id, null, time), cancellationToken);

    private static RawJson ToJson(object? args) => args switch
    {
        null => RawJson.EmptyObject,
        RawJson raw => Checked(raw),
        JsonElement element => new RawJson(element.GetRawText()),
        _ => new RawJson(JsonSerializer.Serialize(args, args.GetType(), JsonSerializerOptions.Web)),
    };

    private static RawJson Checked(RawJson raw)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(raw.ToString());
            return raw;
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"the arguments are not JSON: {e.Message}", nameof(raw), e);
        }
    }

    private static ITwinHistory History(IGrainFactory grains) =>
        grains.GetGrain<ITwinHistory>(TwinId.DefaultTenant);

    private ITwin Grain(IGrainFactory grains) => grains.GetGrain<ITwin>(Id.ToGrainKey());
}
