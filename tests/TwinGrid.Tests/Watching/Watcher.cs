using System.Text.Json;
using System.Text.Json.Nodes;

namespace TwinGrid.Tests.Watching;

/// <summary>A watcher that asks one twin, and keeps the twin as the changes make it.</summary>
internal sealed class Watcher(ITwin twin, string name, long? after = null)
{
    private readonly List<TwinChange> _told = [];

    /// <summary>All that it was told.</summary>
    public IReadOnlyList<TwinChange> Told => _told;

    public long? After { get; private set; } = after;

    public string? Token { get; private set; }

    public WatchRefusal Refusal { get; private set; }

    public JsonObject? Document { get; private set; }

    public string Words => string.Join(' ', _told.Select(Word));

    /// <summary>Asks once.</summary>
    public async Task<Watcher> AskAsync(TimeSpan? wait = null)
    {
        WatchAnswer answer = await twin.WatchAsync(new WatchRequest(name, After, Token, wait ?? TimeSpan.Zero));
        Refusal = answer.Refusal;
        Token = answer.Token;
        foreach (TwinChange change in answer.Changes)
        {
            _told.Add(change);
            After = change.Revision;
            Merge(change);
        }

        return this;
    }

    /// <summary>Asks until it knows a revision; fails that pass are asked again, as every watcher does.</summary>
    public async Task<Watcher> UntilAsync(long revision)
    {
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(60));
        while (After is null || After < revision)
        {
            Assert.False(deadline.IsCancellationRequested, $"{name} waited for {revision}, was told {Words}");
            try
            {
                await AskAsync(TimeSpan.FromSeconds(5));
            }
            catch (Exception e) when (e is TwinGridUnavailableException or Orleans.Runtime.OrleansException)
            {
                Token = null;
            }
        }

        return this;
    }

    /// <summary>True when the changes made of the twin what the API answers; null and absent are the same.</summary>
    public async Task<bool> IsRightAsync()
    {
        JsonNode shown = JsonSerializer.SerializeToNode(
            (await twin.GetAsync())!, TwinGridJson.Readable.TwinSnapshot)!;
        return JsonNode.DeepEquals(WithoutNulls((JsonObject)shown), WithoutNulls(Document!));
    }

    private static JsonObject WithoutNulls(JsonObject document)
    {
        JsonObject without = new();
        JsonMergePatch.Apply(without, document);
        return without;
    }

    private static string Word(TwinChange change) => change.Kind switch
    {
        TwinChangeKind.Snapshot => $"snapshot {change.Revision}",
        TwinChangeKind.Change => $"{change.Revision}",
        TwinChangeKind.Gap => $"gap {change.From}-{change.To}",
        _ => $"deleted {change.Revision}",
    };

    private void Merge(TwinChange change)
    {
        if (change.Kind == TwinChangeKind.Snapshot)
        {
            Document = (JsonObject)JsonNode.Parse(change.Document.ToString())!;
        }
        else if (change.Kind == TwinChangeKind.Change && Document is not null)
        {
            JsonMergePatch.Apply(Document, (JsonObject)JsonNode.Parse(change.Document.ToString())!);
        }
    }
}
