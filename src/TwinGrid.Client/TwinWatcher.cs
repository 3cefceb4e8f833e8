using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TwinGrid.Client;

/// <summary>
/// Watches one twin: asks for what changed after the revision that it knows, again and again, so that it goes on
/// without a gap where the twin moves and where its silo starts again. One enumeration each; not thread-safe.
/// </summary>
internal sealed class TwinWatcher(GridConnection connection, TwinId twin, string name)
{
    // Properties and arguments are up to 64 levels deep of themselves.
    private const int MaxDepth = 128;

    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(15);

    private static readonly TwinGridJson Deep =
        new(new JsonSerializerOptions(TwinGridJson.Default.Options) { MaxDepth = MaxDepth });

    private JsonObject? _document;

    public async IAsyncEnumerable<TwinChange> RunAsync(
        long? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        WatchRequest request = new(name, after, null, TimeSpan.Zero);
        WatchAnswer answer = Judged(await AskAsync(request, cancellationToken));
        request = request with { Wait = Wait };
        try
        {
            while (true)
            {
                foreach (TwinChange change in answer.Changes)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    yield return Seen(change);
                    if (change.Kind == TwinChangeKind.Deleted)
                    {
                        yield break;
                    }

                    request = request with { After = change.Revision };
                }

                request = request with { Token = answer.Token };
                answer = await AskUntilAnsweredAsync(request, cancellationToken);
                if (answer.Refusal == WatchRefusal.UnknownTwin)
                {
                    yield return new TwinChange { Kind = TwinChangeKind.Deleted, Revision = request.After ?? 0 };
                    yield break;
                }

                Judged(answer);
            }
        }
        finally
        {
            _ = LeaveAsync();
        }
    }

    private Task<WatchAnswer> AskAsync(WatchRequest request, CancellationToken cancellationToken) =>
        connection.CallAsync(grains => Grain(grains).WatchAsync(request), request.Wait, cancellationToken);

    // A silo that starts again, or a partition, may take longer than a call tries: a watch goes on after it.
    private async Task<WatchAnswer> AskUntilAnsweredAsync(WatchRequest request, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await AskAsync(request, cancellationToken);
            }
            catch (TwinGridUnavailableException)
            {
                request = request with { Token = null };
            }
        }
    }

    private WatchAnswer Judged(WatchAnswer answer) => answer.Refusal switch
    {
        WatchRefusal.None => answer,
        WatchRefusal.UnknownTwin => throw new TwinGridException(
            $"there is no twin {twin} to watch; it begins with its first reading"),
        WatchRefusal.TooManyOfTwin => throw new TwinGridException(
            $"as many watch {twin} as may (TwinGrid:Limits:WatchersPerTwin)"),
        _ => throw new TwinGridException("as many watch the grid's twins as may (TwinGrid:Limits:Watchers)"),
    };

    /// <summary>The change with the whole twin after it, where that is known.</summary>
    private TwinChange Seen(TwinChange change)
    {
        switch (change.Kind)
        {
            case TwinChangeKind.Snapshot:
                _document = Parse(change.Document);
                break;
            case TwinChangeKind.Change when _document is not null:
                JsonMergePatch.Apply(_document, Parse(change.Document));
                break;
            default:
                return change;
        }

        return change with { Twin = _document.Deserialize(Deep.TwinSnapshot) };
    }

    private static JsonObject Parse(RawJson json) => (JsonObject)JsonNode.Parse(
        json.ToString(), documentOptions: new JsonDocumentOptions { MaxDepth = MaxDepth })!;

    private async Task LeaveAsync()
    {
        try
        {
            await connection.CallAsync(
                async grains =>
                {
                    await Grain(grains).UnwatchAsync(name);
                    return true;
                },
                CancellationToken.None);
        }
        catch (Exception e) when (e is TwinGridUnavailableException or OperationCanceledException
            or ObjectDisposedException)
        {
            // The twin forgets a watcher that does not ask any more.
        }
    }

    private ITwin Grain(IGrainFactory grains) => grains.GetGrain<ITwin>(twin.ToGrainKey());
}
