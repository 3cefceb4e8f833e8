using Orleans.Concurrency;

namespace TwinGrid;

/// <summary>
/// The grain of one twin, for calls from anywhere in the cluster and from clients; its key is
/// <see cref="TwinId.ToGrainKey"/>. Readings do not come this way but by <see cref="ITwinIngest"/>.
/// </summary>
[Alias("TwinGrid.ITwin")]
public interface ITwin : IGrainWithStringKey
{
    /// <summary>The last committed snapshot, or null for a twin that does not exist; looking does not create.</summary>
    [Alias("Get"), AlwaysInterleave]
    Task<TwinSnapshot?> GetAsync();

    /// <summary>The twin's line of a listing, or null for a twin that does not exist.</summary>
    [Alias("Summarize"), AlwaysInterleave]
    Task<TwinSummary?> SummarizeAsync();

    /// <summary>Applies inputs and answers when they are committed: the way around the in-process road.</summary>
    [Alias("Apply"), AlwaysInterleave, ResponseTimeout("00:00:10")]
    Task<IngestResult> ApplyAsync([Immutable] byte[] inputs);

    /// <summary>Queues a command; ends when it is durable.</summary>
    [Alias("Send"), AlwaysInterleave]
    Task<CommandAnswer> SendAsync(
        string commandId, string name, RawJson args, TimeSpan? expiresIn, string? idempotencyKey);

    /// <summary>Where a command stands, or null for one that is not known (any more).</summary>
    [Alias("GetCommand"), AlwaysInterleave]
    Task<CommandSnapshot?> GetCommandAsync(string commandId);

    /// <summary>Waits until a command reaches one of its ends, or answers as it stands after the wait.</summary>
    /// <param name="commandId">Which.</param>
    /// <param name="wait">At most so long, and never over 20 s; call again.</param>
    [Alias("WaitForCommand"), AlwaysInterleave]
    Task<CommandSnapshot?> WaitForCommandAsync(string commandId, TimeSpan wait);

    /// <summary>
    /// Calls a command back; ends when that is durable. One that its device has, or that is on its way there, cannot
    /// be called back.
    /// </summary>
    [Alias("Cancel"), AlwaysInterleave, ResponseTimeout("00:00:15")]
    Task<CancelAnswer> CancelAsync(string commandId);

    /// <summary>Changes the desired properties; ends when the change is durable.</summary>
    /// <param name="writeId">Names the write: the same again is the same write, so a call may be repeated.</param>
    /// <param name="patch">A JSON merge patch (RFC 7396), an object.</param>
    /// <param name="ifMatch">Only at one of these revisions of the desired properties; null for at any.</param>
    [Alias("PatchDesired"), AlwaysInterleave, ResponseTimeout("00:00:10")]
    Task<DesiredAnswer> PatchDesiredAsync(string writeId, RawJson patch, IReadOnlyList<long>? ifMatch);

    /// <summary>
    /// What changed after a revision, at once or as soon as something does: ask again with the last revision of the
    /// answer. An empty answer says that nothing changed meanwhile.
    /// </summary>
    [Alias("Watch"), AlwaysInterleave, ResponseTimeout("00:00:30")]
    Task<WatchAnswer> WatchAsync(WatchRequest request);

    /// <summary>Somebody watches no more.</summary>
    /// <param name="watcher">As <see cref="WatchRequest.Watcher"/> names it.</param>
    [Alias("Unwatch"), AlwaysInterleave, OneWay]
    Task UnwatchAsync(string watcher);

    /// <summary>Acknowledges an alarm; null when the twin has none of that name.</summary>
    [Alias("AcknowledgeAlarm"), AlwaysInterleave]
    Task<AlarmSnapshot?> AcknowledgeAlarmAsync(string alarm, string by, string? note);

    /// <summary>Deletes the twin: it is gone from listings and starts anew with its next reading.</summary>
    /// <param name="eraseHistory">True to erase its log too, else it stays until retention takes it.</param>
    /// <returns>False when there is no such twin.</returns>
    [Alias("Delete"), AlwaysInterleave]
    Task<bool> DeleteAsync(bool eraseHistory);

    /// <summary>Publishes the commands that still wait for the device, to a session that has just come.</summary>
    /// <param name="recipient">The session, as <see cref="TwinEffect.Recipient"/> names it.</param>
    [Alias("Redeliver"), AlwaysInterleave]
    Task RedeliverAsync(string recipient);

    /// <summary>Publishes what is retained, alarms and desired properties, to a new subscriber.</summary>
    /// <param name="recipient">The session, as <see cref="TwinEffect.Recipient"/> names it.</param>
    [Alias("Republish"), AlwaysInterleave]
    Task RepublishAsync(string recipient);
}

/// <summary>All twins of the grid; the grain's key is the tenant, <see cref="TwinId.DefaultTenant"/>.</summary>
[Alias("TwinGrid.ITwinFleet")]
public interface ITwinFleet : IGrainWithStringKey
{
    /// <summary>Lists twins in the order of their ids.</summary>
    /// <param name="kind">Only of this kind; null for all.</param>
    /// <param name="cursor">What the last page said; null for the first.</param>
    /// <param name="limit">At most so many, 1 to 1,000.</param>
    [Alias("List")]
    Task<TwinPage> ListAsync(string? kind, string? cursor, int limit);
}

/// <summary>What a listing of twins answers.</summary>
/// <param name="Items">The twins in order of their ids.</param>
/// <param name="Cursor">Where the next page begins; null on the last page.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.TwinPage")]
public sealed record TwinPage(
    [property: Id(0)] IReadOnlyList<TwinSummary> Items, [property: Id(1)] string? Cursor);
