using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace TwinGrid.Hosting.Api;

/// <summary>Watches twins by server-sent events. Thread-safe.</summary>
internal sealed class WatchRoutes(
    ApiCalls grid, IOptionsMonitor<LimitOptions> limits, IHostApplicationLifetime lifetime)
{
    public const string LastEventId = "Last-Event-ID";

    private const int RetryAfter = 10;

    private int _open;

    /// <summary>The process stops: streams end, so that it can.</summary>
    public CancellationToken Stopping => lifetime.ApplicationStopping;

    public ApiCalls Grid => grid;

    public static Task<IResult> WatchAsync(
        string kind,
        string key,
        string? lastEventId,
        HttpContext context,
        WatchRoutes routes,
        CancellationToken cancellationToken) =>
        routes.OpenAsync(kind, key, lastEventId, context, cancellationToken);

    /// <summary>A stream has ended.</summary>
    public void Close() => Interlocked.Decrement(ref _open);

    private async Task<IResult> OpenAsync(
        string kind, string key, string? lastEventId, HttpContext context, CancellationToken cancellationToken)
    {
        if (!ApiCalls.TryId(kind, key, out TwinId id, out Problem? problem)
            || !TryRevision(context.Request.Headers[LastEventId], lastEventId, out long? after, out problem))
        {
            return problem!;
        }

        if (Interlocked.Increment(ref _open) > limits.CurrentValue.Watchers)
        {
            Close();
            return Full(WatchRefusal.TooMany, id);
        }

        bool isOpen = false;
        try
        {
            string watcher = Guid.CreateVersion7(grid.Clock.GetUtcNow()).ToString("N");
            WatchRequest first = new(watcher, after, null, TimeSpan.Zero);
            WatchAnswer answer = await grid.Read(() => grid.Twin(id).WatchAsync(first), cancellationToken);
            isOpen = answer.Refusal == WatchRefusal.None;
            return isOpen ? new WatchStream(this, id, first, answer) : Full(answer.Refusal, id);
        }
        finally
        {
            if (!isOpen)
            {
                Close();
            }
        }
    }

    private static Problem Full(WatchRefusal refusal, TwinId id) => refusal switch
    {
        WatchRefusal.UnknownTwin => ApiCalls.UnknownTwin(id),
        WatchRefusal.TooManyOfTwin => Problem.TooMany(
            $"as many watch {id} as may (TwinGrid:Limits:WatchersPerTwin)", RetryAfter),
        _ => new Problem(
            StatusCodes.Status503ServiceUnavailable, "too-many-watchers", "Too many",
            "as many watch as may (TwinGrid:Limits:Watchers)") { RetryAfter = RetryAfter },
    };

    // A browser that connects again sends the header, and still the query that it began with: the header is newer.
    private static bool TryRevision(string? header, string? query, out long? revision, out Problem? problem)
    {
        string? text = string.IsNullOrEmpty(header) ? query : header;
        bool isNumber = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number);
        revision = isNumber ? number : null;
        problem = isNumber || string.IsNullOrEmpty(text)
            ? null
            : Problem.BadRequest(
                "bad-last-event-id", $"{LastEventId} must be the id of an event, which is a revision of the twin");
        return problem is null;
    }
}
