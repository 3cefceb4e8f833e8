namespace TwinGrid;

/// <summary>
/// One turn of one twin as the log keeps it: everything that the fold needs to make it again.
/// </summary>
public sealed record TwinTurn
{
    /// <summary>Whose turn.</summary>
    public required TwinId Twin { get; init; }

    /// <summary>The revision that the turn made: one more than before it.</summary>
    public required long Revision { get; init; }

    /// <summary>The turn's time, Unix microseconds.</summary>
    public required long Time { get; init; }

    /// <summary>The version of the fold that applied it; equality of a refold is promised within one.</summary>
    public required byte FoldVersion { get; init; }

    /// <summary>
    /// The turn's inputs: <see cref="PackedInputs.Version"/>, the control mode, the definition's revision, then packed
    /// inputs. Opaque to a store.
    /// </summary>
    public required ReadOnlyMemory<byte> Inputs { get; init; }

    /// <summary>
    /// Where the turn changed whether the twin exists: true for one that came to be, false for one that was deleted;
    /// null where that is as before. For <see cref="ITwinStore.ReadTwinsAsync"/>; a turn that is read back has none.
    /// </summary>
    public bool? Exists { get; init; }
}

/// <summary>A twin's whole state at a revision, so that recovery starts there and not at the first turn.</summary>
public sealed record StoredSnapshot
{
    /// <summary>Whose.</summary>
    public required TwinId Twin { get; init; }

    /// <summary>At which revision.</summary>
    public required long Revision { get; init; }

    /// <summary>The version of the fold that made it.</summary>
    public required byte FoldVersion { get; init; }

    /// <summary>When the twin next has something to do of itself, Unix microseconds; null for never.</summary>
    public long? NextDue { get; init; }

    /// <summary>The state; opaque to a store.</summary>
    public required ReadOnlyMemory<byte> State { get; init; }
}

/// <summary>What a store knows of one twin.</summary>
/// <param name="Snapshot">The newest snapshot, or null where none was written yet.</param>
/// <param name="Tail">The turns after it, in order, without a gap.</param>
public sealed record StoredTwin(StoredSnapshot? Snapshot, IReadOnlyList<TwinTurn> Tail);

/// <summary>What became of one turn of a group.</summary>
public enum CommitOutcome : byte
{
    /// <summary>It is durable.</summary>
    Committed = 0,

    /// <summary>The store has that revision already, or the silo was declared dead: the activation must go.</summary>
    Fenced = 1,
}

/// <summary>Whether a silo may still answer for its twins.</summary>
public enum StoreLease : byte
{
    /// <summary>For the time that was asked for, from the moment before it was asked.</summary>
    Held = 0,

    /// <summary>No more: this life of the silo was fenced, others answer for its twins.</summary>
    Fenced = 1,

    /// <summary>
    /// For as long as the process lives: nobody can take the store over from it, and it need not ask again.
    /// </summary>
    Endless = 2,
}

/// <summary>A message, or a reading of one, that could not be used.</summary>
public sealed record DeadLetter
{
    /// <summary>When it came, Unix microseconds.</summary>
    public required long Time { get; init; }

    /// <summary>Where it came to: the MQTT topic or the URL's path.</summary>
    public required string Topic { get; init; }

    /// <summary>The client that sent it; empty where it has no name.</summary>
    public required string Client { get; init; }

    /// <summary>A short word for counting, such as <c>malformed-json</c> or <c>out-of-range</c>.</summary>
    public required string Reason { get; init; }

    /// <summary>A sentence that says what was there and what was expected.</summary>
    public required string Detail { get; init; }

    /// <summary>The payload's whole size in bytes.</summary>
    public required int Size { get; init; }

    /// <summary>The payload's first KiB.</summary>
    public required ReadOnlyMemory<byte> Sample { get; init; }
}

/// <summary>A dead letter with its place in the log.</summary>
/// <param name="Id">Its place; newer ones are greater.</param>
/// <param name="Letter">The letter.</param>
public sealed record StoredDeadLetter(long Id, DeadLetter Letter);

/// <summary>
/// An MQTT session that outlives its connection (MQTT 5 section 4.1): what its client subscribed, and its will, for
/// which a session has a row that ends with its connection. Its commands wait in their twins.
/// </summary>
public sealed record StoredSession
{
    /// <summary>The MQTT client identifier.</summary>
    public required string Client { get; init; }

    /// <summary>How long it lives after its connection ended, in seconds.</summary>
    public required uint ExpirySeconds { get; init; }

    /// <summary>When its connection ended, Unix microseconds; null while it is connected.</summary>
    public long? EndedAt { get; init; }

    /// <summary>Its subscriptions and its will; opaque to a store.</summary>
    public required ReadOnlyMemory<byte> State { get; init; }

    /// <summary>Whose it is, and since when.</summary>
    public SessionClaim Claim { get; init; } = SessionClaim.None;
}

/// <summary>
/// A gateway's claim of a client's session: of several the newest wins. Made when the client connects.
/// </summary>
/// <param name="Time">When, Unix microseconds.</param>
/// <param name="Gateway">The incarnation of the gateway; decides between claims of the same time.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.SessionClaim")]
public readonly record struct SessionClaim([property: Id(0)] long Time, [property: Id(1)] string Gateway)
{
    /// <summary>Nobody's: before every other.</summary>
    public static readonly SessionClaim None = new(0, "");

    /// <summary>True when the other one wins.</summary>
    public bool IsBefore(SessionClaim other) =>
        Time != other.Time ? Time < other.Time : string.CompareOrdinal(Gateway, other.Gateway) < 0;
}

/// <summary>One change of the stored sessions.</summary>
/// <param name="Client">Whose session.</param>
/// <param name="Session">The session as it is now; null when it is gone.</param>
public sealed record SessionChange(string Client, StoredSession? Session)
{
    /// <summary>Who changes it: a session that is claimed anew since stays as it is.</summary>
    public SessionClaim Claim { get; init; } = Session?.Claim ?? SessionClaim.None;
}

/// <summary>A session that goes from one gateway to another without the first one's help.</summary>
/// <param name="Seen">The session as it was read.</param>
/// <param name="Next">What takes its place: of the same client, with a newer claim.</param>
public sealed record SessionTakeover(StoredSession Seen, StoredSession Next);

/// <summary>
/// Where turns become durable. A store knows no grains and no fold: it keeps rows, fences them and gives them back.
/// </summary>
/// <remarks>
/// <para>Thread-safe; one caller commits at a time. A store that cannot answer throws: nothing was then committed or
/// the outcome is unknown, and the caller reads the twins again. One that is only away for a while throws
/// <see cref="TwinGridUnavailableException"/>: the caller may then send the same turns again, and those that were
/// committed all the same are answered as committed.</para>
/// <para>Implement it for a database of your own and register it before <c>AddTwinGridSilo</c>.</para>
/// </remarks>
public interface ITwinStore
{
    /// <summary>Creates or migrates the schema; called before anything else. A second call changes nothing.</summary>
    Task InitializeAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Opens the store for reading alone, beside whoever writes to it, in place of <see cref="InitializeAsync"/>:
    /// nothing is created, migrated or fenced. Nothing may be written to it afterwards.
    /// </summary>
    /// <exception cref="TwinGridException">It is not there, or was made by another version.</exception>
    /// <exception cref="NotSupportedException">The store cannot be read beside one that writes.</exception>
    Task OpenToReadAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException("this store cannot be read beside a silo that writes to it");

    /// <summary>
    /// Prolongs the time for which this silo may answer for its twins without asking; zero gives it back. It says
    /// nothing of commits: those are fenced by themselves.
    /// </summary>
    /// <param name="length">How long, by the store's clock.</param>
    /// <param name="cancellationToken">Gives up; the lease may then have been prolonged all the same.</param>
    /// <exception cref="TwinGridUnavailableException">The store does not answer.</exception>
    Task<StoreLease> RenewLeaseAsync(TimeSpan length, CancellationToken cancellationToken) =>
        Task.FromResult(StoreLease.Endless);

    /// <summary>
    /// Ends another silo's life: it commits nothing from now on, its sessions are ended, and when the task ends its
    /// lease is over too. A life that was fenced before, or that the store does not know, costs a look. Silos that
    /// share a store call it for each silo that their membership declares dead, before they load its twins.
    /// </summary>
    /// <param name="life">
    /// The silo's address with its generation, as Orleans' <c>SiloAddress.ToParsableString</c> writes it.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TwinGridUnavailableException">The store does not answer; call again.</exception>
    Task FenceAsync(string life, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Reads what is known of a twin; an empty answer for an unknown one.</summary>
    Task<StoredTwin> LoadAsync(TwinId twin, CancellationToken cancellationToken);

    /// <summary>
    /// Commits a group of turns and snapshots in one transaction that is on disk when the task ends. A turn whose
    /// (twin, revision) exists is fenced and changes nothing; the others commit.
    /// </summary>
    /// <returns>One outcome per turn, in order.</returns>
    /// <exception cref="TwinGridUnavailableException">
    /// Not now: the same group is sent again until it is answered, whatever became of it meanwhile.
    /// </exception>
    /// <exception cref="TwinGridNotCommittedException">Nothing of the group was kept.</exception>
    /// <exception cref="TwinGridException">What became of the group is not known.</exception>
    Task<IReadOnlyList<CommitOutcome>> CommitAsync(
        IReadOnlyList<TwinTurn> turns, IReadOnlyList<StoredSnapshot> snapshots, CancellationToken cancellationToken);

    /// <summary>
    /// The twins that may have something due of themselves: a snapshot with a time, or turns after it.
    /// </summary>
    IAsyncEnumerable<TwinId> ReadDueAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Lists twins: those with turns but for the deleted ones, ordered by kind, then key, ordinally. A twin is in it
    /// from its first commit on. Some may be in it that do not exist; whoever asks looks at each.
    /// </summary>
    /// <param name="kind">Only of this kind; null for all.</param>
    /// <param name="after">Begins after this id; null for the first.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<IReadOnlyList<TwinId>> ReadTwinsAsync(
        string? kind, TwinId? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Erases a twin's turns before a revision: what <c>DELETE …?history=delete</c> asks for. Sealed parts that begin
    /// before it go as a whole, with their readings; the caller sees to it that none reaches beyond it.
    /// </summary>
    Task EraseAsync(TwinId twin, long beforeRevision, CancellationToken cancellationToken);

    /// <summary>
    /// True where the store keeps history: it then implements all that follows up to <see cref="DropExpiredAsync"/>,
    /// which a store without history need not. Without it a twin's log grows until it is erased, and history and as-of
    /// are answered as not kept.
    /// </summary>
    bool KeepsHistory => false;

    /// <summary>Where a twin's log stands; null for an unknown twin.</summary>
    Task<StoredLog?> ReadLogAsync(TwinId twin, CancellationToken cancellationToken) =>
        throw new NotSupportedException("this store keeps no history");

    /// <summary>
    /// Reads a twin's turns in order and without a gap, from sealed parts and single turns alike, also while they are
    /// being sealed. Holds few in memory at a time.
    /// </summary>
    /// <param name="twin">Whose.</param>
    /// <param name="after">Begins with the turn after this revision.</param>
    /// <param name="through">Ends with this revision, or with the newest.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TwinGridException">
    /// A turn is damaged or gone: erased or taken by retention meanwhile.
    /// </exception>
    IAsyncEnumerable<TwinTurn> ReadTurnsAsync(
        TwinId twin, long after, long through, CancellationToken cancellationToken) =>
        throw new NotSupportedException("this store keeps no history");

    /// <summary>Finds where to begin to make a twin again as it was; null for an unknown twin.</summary>
    /// <param name="twin">Which.</param>
    /// <param name="revision">The revision that is asked for; null where it is a time.</param>
    /// <param name="time">Unix microseconds: the newest turn at or before it is asked for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<StoredPast?> FindPastAsync(TwinId twin, long? revision, long time, CancellationToken cancellationToken) =>
        throw new NotSupportedException("this store keeps no history");

    /// <summary>
    /// Puts a sealed part in the place of its single turns: whatever happens, a reader finds one of both and never
    /// both. Durable when the task ends. Called for one part at a time.
    /// </summary>
    /// <returns>False, and nothing changed, where the part does not follow what is sealed.</returns>
    Task<bool> SealAsync(SealedTurns part, CancellationToken cancellationToken) =>
        throw new NotSupportedException("this store keeps no history");

    /// <summary>Frees the room of single turns that were sealed, a step that holds up no commit.</summary>
    /// <returns>False when there is nothing (more) to do for now.</returns>
    Task<bool> ReclaimAsync(CancellationToken cancellationToken) => Task.FromResult(false);

    /// <summary>
    /// The twins whose newest snapshot is at least so many turns after what is sealed, and those that have one after it
    /// and were not sealed since a time.
    /// </summary>
    /// <param name="turns">How many.</param>
    /// <param name="sealedBefore">The time, Unix microseconds.</param>
    /// <param name="cancellationToken">Gives up.</param>
    IAsyncEnumerable<TwinId> ReadUnsealedAsync(int turns, long sealedBefore, CancellationToken cancellationToken) =>
        throw new NotSupportedException("this store keeps no history");

    /// <summary>The telemetry of a twin that has sealed readings, in no order.</summary>
    Task<IReadOnlyList<SealedTelemetry>> ReadTelemetryAsync(TwinId twin, CancellationToken cancellationToken) =>
        throw new NotSupportedException("this store keeps no history");

    /// <summary>
    /// Reads the sealed readings of one telemetry in blocks, ordered by their <see cref="SealedBlock.First"/>; blocks
    /// that reach into [from, to) come as a whole.
    /// </summary>
    /// <param name="twin">Whose.</param>
    /// <param name="telemetry">The telemetry's name.</param>
    /// <param name="from">The least source time, Unix microseconds.</param>
    /// <param name="to">The source time before which it ends, Unix microseconds.</param>
    /// <param name="through">Only of parts that end at or before this revision.</param>
    /// <param name="cancellationToken">Gives up.</param>
    IAsyncEnumerable<SealedBlock> ReadSealedAsync(
        TwinId twin, string telemetry, long from, long to, long through, CancellationToken cancellationToken) =>
        throw new NotSupportedException("this store keeps no history");

    /// <summary>
    /// Drops what is older than it is kept: readings as their part said, turns and states after
    /// <see cref="LimitOptions.HistoryKeep"/>. Whole partitions of time go, so some stay a sixteenth longer.
    /// </summary>
    /// <returns>How many partitions went.</returns>
    Task<int> DropExpiredAsync(long now, CancellationToken cancellationToken) => Task.FromResult(0);

    /// <summary>Appends dead letters, durable when the task ends; the oldest beyond the limit go.</summary>
    Task AppendDeadLettersAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken);

    /// <summary>Reads dead letters, newest first.</summary>
    /// <param name="before">Only those with a smaller id; null for the newest.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<IReadOnlyList<StoredDeadLetter>> ReadDeadLettersAsync(
        long? before, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps changes of sessions, in order and in one transaction, durable when the task ends. A change of a session
    /// whose row has a newer claim changes nothing: its gateway lost it.
    /// </summary>
    Task SaveSessionsAsync(IReadOnlyList<SessionChange> changes, CancellationToken cancellationToken);

    /// <summary>
    /// Puts sessions in the place of those that were seen, where these still stand as they were: of several silos that
    /// take over the same session one gets it. Durable when the task ends.
    /// </summary>
    /// <returns>One answer per takeover, in order: true where it was made.</returns>
    /// <remarks>
    /// A store that several silos share implements it in one transaction; by default it is read, compared and saved.
    /// </remarks>
    async Task<IReadOnlyList<bool>> TakeSessionsAsync(
        IReadOnlyList<SessionTakeover> takeovers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(takeovers);
        bool[] taken = new bool[takeovers.Count];
        for (int i = 0; i < taken.Length; i++)
        {
            StoredSession seen = takeovers[i].Seen;
            StoredSession? row = await LoadSessionAsync(seen.Client, cancellationToken).ConfigureAwait(false);
            taken[i] = row is not null
                && row with { State = default } == seen with { State = default }
                && row.State.Span.SequenceEqual(seen.State.Span);
        }

        SessionChange[] changes =
            [.. takeovers.Where((_, i) => taken[i]).Select(one => new SessionChange(one.Seen.Client, one.Next))];
        await SaveSessionsAsync(changes, cancellationToken).ConfigureAwait(false);
        return taken;
    }

    /// <summary>Reads one session; null for a client that has none.</summary>
    Task<StoredSession?> LoadSessionAsync(string client, CancellationToken cancellationToken);

    /// <summary>Reads all sessions, in no order.</summary>
    IAsyncEnumerable<StoredSession> ReadSessionsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Reads all that is stored, compares each checksum and follows each twin's log, and tells what is damaged. Changes
    /// nothing and fences nobody: it is called on a store that was not initialized, also beside a silo that runs, and
    /// then sees one moment of it. Holds a few bytes per twin in memory.
    /// </summary>
    /// <param name="tally">Counts what is read while it is read.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TwinGridException">It cannot be read at all; the message says why.</exception>
    /// <exception cref="NotSupportedException">The store has no way to verify itself.</exception>
    IAsyncEnumerable<StoreDamage> VerifyAsync(StoreTally tally, CancellationToken cancellationToken) =>
        throw new NotSupportedException("this store cannot verify itself");
}
