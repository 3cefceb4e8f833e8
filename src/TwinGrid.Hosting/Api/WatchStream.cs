using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace TwinGrid.Hosting.Api;

/// <summary>
/// One watcher's stream of server-sent events (WHATWG HTML section 9.2). The twin is asked for more only after the
/// watcher has taken what it was sent, so that a slow one holds up nobody and no more than one answer waits for it.
/// </summary>
/// <param name="routes">Where it came from.</param>
/// <param name="twin">Which twin.</param>
/// <param name="first">What was asked first.</param>
/// <param name="answer">The answer to it.</param>
internal sealed class WatchStream(WatchRoutes routes, TwinId twin, WatchRequest first, WatchAnswer answer) : IResult
{
    public const string ContentType = "text/event-stream";

    // Proxies close what says nothing for a minute or less.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    // A silo that does not answer is asked again; the watcher stays.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private long? _after = first.After;
    private string? _token;
    private bool _isFlushing;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using CancellationTokenSource end =
            CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, routes.Stopping);
        try
        {
            httpContext.Response.ContentType = ContentType;
            httpContext.Response.Headers.CacheControl = "no-cache";
            httpContext.Response.Headers["X-Accel-Buffering"] = "no";
            httpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            await StreamAsync(httpContext.Response.BodyWriter, end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The watcher went, or the process stops: it connects again and says which event was its last. One that
            // does not take what it was sent must not hold up the stop.
            if (_isFlushing)
            {
                httpContext.Abort();
            }
        }
        finally
        {
            routes.Close();
            routes.Grid.Twin(twin).UnwatchAsync(first.Watcher).Ignore();
        }
    }

    private async Task StreamAsync(PipeWriter output, CancellationToken end)
    {
        Write(output, "retry: 1000\n\n");
        WatchAnswer? next = answer;
        while (true)
        {
            if (next is null or { Refusal: WatchRefusal.None, Changes.Count: 0 })
            {
                Write(output, ":\n\n");
            }
            else if (!WriteAll(output, next))
            {
                await FlushAsync(output, end);
                return;
            }

            await FlushAsync(output, end);
            next = await AskAsync(end);
        }
    }

    private async Task FlushAsync(PipeWriter output, CancellationToken end)
    {
        _isFlushing = true;
        await output.FlushAsync(end);
        _isFlushing = false;
    }

    /// <summary>Writes an answer; false when nothing comes after it.</summary>
    private bool WriteAll(PipeWriter output, WatchAnswer told)
    {
        if (told.Refusal == WatchRefusal.UnknownTwin)
        {
            WriteOne(output, new TwinChange { Kind = TwinChangeKind.Deleted, Revision = _after ?? 0 });
            return false;
        }

        _token = told.Token;
        foreach (TwinChange change in told.Changes)
        {
            WriteOne(output, change);
            _after = change.Revision;
            if (change.Kind == TwinChangeKind.Deleted)
            {
                return false;
            }
        }

        // One that lost its place while it was too slow connects again, and is told why it may not.
        return told.Refusal == WatchRefusal.None;
    }

    private static void WriteOne(PipeWriter output, TwinChange change)
    {
        // A gap has no id: whoever breaks off before the snapshot after it has not seen what it leaves out.
        (string id, string name, string data) = change.Kind switch
        {
            TwinChangeKind.Snapshot => ($"id: {change.Revision}\n", "snapshot", change.Document.ToString()),
            TwinChangeKind.Change => ($"id: {change.Revision}\n", "change", change.Document.ToString()),
            TwinChangeKind.Gap => ("", "gap", $$"""{"from":{{change.From}},"to":{{change.To}}}"""),
            _ => ($"id: {change.Revision}\n", "deleted", $$"""{"revision":{{change.Revision}}}"""),
        };
        Write(output, string.Create(CultureInfo.InvariantCulture, $"{id}event: {name}\ndata: {data}\n\n"));
    }

    private static void Write(PipeWriter output, string text) => Encoding.UTF8.GetBytes(text, output);

    /// <summary>Asks for what comes next; null when the grid did not answer, and is to be asked again.</summary>
    private async Task<WatchAnswer?> AskAsync(CancellationToken end)
    {
        WatchRequest request = first with { After = _after, Token = _token, Wait = Heartbeat };
        try
        {
            return await routes.Grid.Twin(twin).WatchAsync(request).WaitAsync(Patience, routes.Grid.Clock, end);
        }
        catch (Exception e) when (ApiGuard.IsPassing(e) && !end.IsCancellationRequested)
        {
            _token = null;
            await Task.Delay(Pause, routes.Grid.Clock, end);
            return null;
        }
    }
}
