using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using TwinGrid.Twins.Fencing;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Ingest;

/// <summary>
/// What became of messages that a silo had when it died. Its log is final once it is fenced, and a message stands there
/// as it was sent, with the time at which its gateway received it. Numbered readings need no look: their twin knows
/// them again. Thread-safe.
/// </summary>
[SuppressMessage(
    "Design", "CA1001", Justification = "A semaphore without a handle owns nothing, and looks end after the container.")]
internal sealed partial class UnsureMessages(ITwinStore store, DeadSilos dead, ILogger<UnsureMessages> logger)
{
    /// <summary>Turns of one twin that can have been committed while its messages were under way, and more.</summary>
    private const int MostTurns = 2_048;

    private const int LooksAtOnce = 16;

    private readonly SemaphoreSlim _looks = new(LooksAtOnce);

    /// <summary>Which of the messages of one parcel were kept; those that may safely be sent again are not.</summary>
    /// <param name="twin">Whose.</param>
    /// <param name="parcel">In the order in which they were sent.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<bool[]> FindKeptAsync(
        TwinId twin, IReadOnlyList<IngestMessage> parcel, CancellationToken cancellationToken)
    {
        bool[] kept = new bool[parcel.Count];
        if (parcel.All(static message => IsRecognised(message.Inputs.Span)))
        {
            return kept;
        }

        await dead.SettledAsync(cancellationToken);
        await _looks.WaitAsync(cancellationToken);
        try
        {
            Search search = new(parcel, kept);
            await foreach (TwinTurn turn in TurnsAsync(twin, cancellationToken))
            {
                search.Look(turn.Inputs.Span[TurnHeader.Size..]);
            }
        }
        finally
        {
            _looks.Release();
        }

        LogFound(kept.Count(static k => k), kept.Length, twin);
        return kept;
    }

    /// <summary>True for inputs that a twin takes once however often they come.</summary>
    internal static bool IsRecognised(ReadOnlySpan<byte> inputs)
    {
        InputReader reader = new(inputs);
        while (reader.Next())
        {
            bool recognised = reader.Kind switch
            {
                InputKind.Readings => IsNumbered(reader.Readings()),
                InputKind.Presence or InputKind.CommandDelivered or InputKind.Tick => true,
                _ => false,
            };
            if (!recognised)
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsNumbered(in ReadingsReader message) =>
        message.HasSeq && (message.HasEpoch || message.MessageTime != UnixMicroseconds.Absent);

    private async IAsyncEnumerable<TwinTurn> TurnsAsync(
        TwinId twin, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!store.KeepsHistory)
        {
            foreach (TwinTurn turn in (await store.LoadAsync(twin, cancellationToken)).Tail)
            {
                yield return turn;
            }
        }
        else if (await store.ReadLogAsync(twin, cancellationToken) is { } log && log.Oldest <= log.Head)
        {
            long after = Math.Max(log.Oldest - 1, log.Head - MostTurns);
            await foreach (TwinTurn turn in store.ReadTurnsAsync(twin, after, log.Head, cancellationToken))
            {
                yield return turn;
            }
        }
    }

    [LoggerMessage(
        LogLevel.Information,
        "{Kept} of {Count} messages that a silo had when it died were committed; the others go to {Twin} again.")]
    private partial void LogFound(int kept, int count, TwinId twin);

    /// <summary>
    /// Messages of one sender are applied in their order: each is looked for behind the last that was found. One that
    /// is not found was not kept, or changed nothing.
    /// </summary>
    private sealed class Search(IReadOnlyList<IngestMessage> parcel, bool[] kept)
    {
        private int _next;

        public void Look(ReadOnlySpan<byte> inputs)
        {
            for (int i = _next; i < kept.Length; i++)
            {
                ReadOnlySpan<byte> message = parcel[i].Inputs.Span;

                // One that its twin recognises may stand there or not: it is not looked for.
                int at = IsRecognised(message) ? -1 : inputs.IndexOf(message);
                if (at >= 0)
                {
                    kept[i] = true;
                    inputs = inputs[(at + message.Length)..];
                    _next = i + 1;
                }
            }
        }
    }
}
