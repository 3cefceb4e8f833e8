using System.Runtime.CompilerServices;
using Orleans.Storage;
using TwinGrid.Twins.Definitions;

namespace TwinGrid.Twins.History;

/// <summary>
/// Folds the logs of a store again, without a silo, and compares each state that is stored of a twin bit for bit: those
/// before its sealed parts, the one where sealing goes on, the newest snapshot. It only reads; a silo may run
/// meanwhile.
/// </summary>
/// <remarks>
/// From the newest state backwards, each made again from the one before it, the first that is kept from what is before
/// it: an empty twin, or a state that was sealed in front of the oldest turns. So a difference is known to the part of
/// the log that makes it. States between which another version of the fold took part are not compared: equality is
/// promised within one. One run at a time; the counts may be read meanwhile.
/// </remarks>
public sealed class LogRefold
{
    private const string Where = "folded again";

    private const string Remedy =
        "Where verify finds the rows intact, a model or policy that is not deterministic does this, or a fold that was "
        + "changed without a new version: keep the store as it is and say so to whoever made it. The twins live on "
        + "with the states that are stored.";

    private readonly ITwinStore _store;
    private readonly KindRegistry _kinds;
    private long _twins;
    private long _turns;
    private long _states;
    private long _otherFold;

    /// <summary>Takes what it reads; the store was opened, to read or to write.</summary>
    /// <param name="store">The logs.</param>
    /// <param name="controlPlane">
    /// The grain storage that the definitions are kept in: that of the name
    /// <see cref="TwinsSiloBuilderExtensions.ControlPlaneStorage"/>.
    /// </param>
    /// <param name="models">The model types that definitions name; the last of a name counts.</param>
    /// <param name="policies">The policy types that definitions name; the last of a name counts.</param>
    public LogRefold(
        ITwinStore store,
        IGrainStorage controlPlane,
        IEnumerable<PredictiveModelType> models,
        IEnumerable<ControlPolicyType> policies)
        : this(store, KindRegistry.OfStored(models, policies, new StoredDefinitions(controlPlane).GetAsync))
    {
    }

    internal LogRefold(ITwinStore store, KindRegistry kinds)
    {
        _store = store;
        _kinds = kinds;
    }

    /// <summary>Twins that were folded again.</summary>
    public long Twins => Volatile.Read(ref _twins);

    /// <summary>Turns that were folded again.</summary>
    public long Turns => Volatile.Read(ref _turns);

    /// <summary>Stored states that were compared.</summary>
    public long States => Volatile.Read(ref _states);

    /// <summary>Twins of which some state was not compared, because another version of the fold took part.</summary>
    public long OtherFold => Volatile.Read(ref _otherFold);

    /// <summary>Folds and compares.</summary>
    /// <param name="only">One twin; null for all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The states that are others, and logs that cannot be folded.</returns>
    /// <exception cref="NotSupportedException">The store keeps no history.</exception>
    /// <exception cref="TwinGridException">The store does not answer, or does not know the twin.</exception>
    public async IAsyncEnumerable<StoreDamage> RunAsync(
        TwinId? only, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (only is { } one)
        {
            if (await _store.ReadLogAsync(one, cancellationToken) is null)
            {
                throw new TwinGridException($"There is no twin {one} in the store.");
            }

            foreach (StoreDamage damage in await RefoldAsync(one, cancellationToken))
            {
                yield return damage;
            }

            yield break;
        }

        // All of them: no snapshot is further before what is sealed.
        await foreach (TwinId twin in _store.ReadUnsealedAsync(int.MinValue, 0, cancellationToken))
        {
            foreach (StoreDamage damage in await RefoldAsync(twin, cancellationToken))
            {
                yield return damage;
            }
        }
    }

    private async Task<List<StoreDamage>> RefoldAsync(TwinId twin, CancellationToken cancellationToken)
    {
        List<StoreDamage> found = [];
        try
        {
            await RefoldAsync(twin, found, cancellationToken);
        }
        catch (TwinGridException e) when (e is not TwinGridUnavailableException)
        {
            // Damage of one twin says nothing of the others.
            found.Add(new StoreDamage(
                Where, twin, null, $"its log cannot be read further: {e.Message.TrimEnd('.')}", Remedy));
        }

        return found;
    }

    private async Task RefoldAsync(TwinId twin, List<StoreDamage> found, CancellationToken cancellationToken)
    {
        if (await _store.ReadLogAsync(twin, cancellationToken) is not { } log)
        {
            return;
        }

        Interlocked.Increment(ref _twins);
        bool isOtherFold = false;
        Part? next = Newest(log);
        while (next is { } part)
        {
            try
            {
                isOtherFold |= await FoldAsync(twin, part, found, cancellationToken);
            }
            catch (Exception e) when (e is not OperationCanceledException and not TwinGridUnavailableException)
            {
                if (await IsGoneAsync(twin, part, cancellationToken))
                {
                    break;
                }

                found.Add(new StoreDamage(
                    Where, twin, part.After + 1, $"its turns cannot be folded: {e.Message.TrimEnd('.')}", Remedy));
            }

            next = await BeforeAsync(twin, log, part, cancellationToken);
        }

        _otherFold += isOtherFold ? 1 : 0;
    }

    private static Part Newest(StoredLog log)
    {
        StoredSnapshot? from = log.Snapshot?.Revision > log.Sealed ? log.Snapshot : log.SealedState;
        return new Part(from, from?.Revision ?? log.Sealed, log.Head, []);
    }

    /// <summary>The part that ends where one begins; null where nothing before it is kept.</summary>
    private async Task<Part?> BeforeAsync(
        TwinId twin, StoredLog log, Part part, CancellationToken cancellationToken)
    {
        if (part.From is not { } end)
        {
            return null;
        }

        if (end.Revision > log.Sealed)
        {
            return new Part(log.SealedState, log.Sealed, end.Revision, [end]);
        }

        // A part that was sealed up to the newest snapshot ends with both.
        StoredSnapshot[] ends = end.Revision == log.Snapshot?.Revision && end.Revision == log.Sealed
            ? [end, log.Snapshot]
            : [end];
        StoredPast? past = await _store.FindPastAsync(twin, end.Revision, 0, cancellationToken);
        return past is { Revision: > 0 }
            ? new Part(past.Base, past.Base?.Revision ?? past.Oldest - 1, end.Revision, ends)
            : null;
    }

    /// <returns>True where a state was not compared.</returns>
    private async Task<bool> FoldAsync(
        TwinId twin, Part part, List<StoreDamage> found, CancellationToken cancellationToken)
    {
        TwinReplay replay = await TwinReplay.BeginAsync(twin, part.From, _kinds);
        await foreach (TwinTurn turn in _store.ReadTurnsAsync(twin, part.After, part.Through, cancellationToken))
        {
            await replay.ApplyAsync(turn);
            Interlocked.Increment(ref _turns);
        }

        bool isOtherFold = false;
        foreach (StoredSnapshot end in part.Ends)
        {
            StateMatch match = await replay.CompareAsync(end);
            isOtherFold |= match == StateMatch.OtherFold;
            _states += match == StateMatch.OtherFold ? 0 : 1;
            if (match == StateMatch.Other)
            {
                found.Add(new StoreDamage(
                    Where,
                    twin,
                    end.Revision,
                    $"the turns after revision {part.After} do not give the state that is stored",
                    Remedy));
            }
        }

        return isOtherFold;
    }

    // Erased, or taken by retention, while it was read.
    private async Task<bool> IsGoneAsync(TwinId twin, Part part, CancellationToken cancellationToken) =>
        await _store.ReadLogAsync(twin, cancellationToken) is not { } log || log.Oldest > part.After + 1;

    /// <summary>Turns between two states.</summary>
    /// <param name="From">The state before them; null for an empty twin.</param>
    /// <param name="After">The revision before the first.</param>
    /// <param name="Through">The revision of the last.</param>
    /// <param name="Ends">The states that are stored of that.</param>
    private sealed record Part(StoredSnapshot? From, long After, long Through, StoredSnapshot[] Ends);
}
