using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Orleans.Runtime;

namespace TwinGrid.Hosting.Api;

/// <summary>
/// Stands around every route of the API: refuses what another site's page sends in a browser's name, and turns what
/// goes wrong into a problem.
/// </summary>
internal sealed partial class ApiGuard(ILogger<ApiGuard> log) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        HttpContext http = context.HttpContext;
        http.Response.Headers.XContentTypeOptions = "nosniff";
        if (ComesFromAnotherSite(http.Request))
        {
            return new Problem(
                StatusCodes.Status403Forbidden, "cross-site", "Another site's page may not do this",
                "the browser says that a page of another origin sent this request");
        }

        try
        {
            return await next(context);
        }
        catch (BadHttpRequestException e)
        {
            return new Problem(e.StatusCode, "bad-request", "The request cannot be understood", e.Message);
        }
        catch (TwinDamagedException e)
        {
            // The twin has logged it, once for all who ask.
            return Problem.Damaged(e.Message);
        }
        catch (Exception e) when (IsPassing(e) && !http.RequestAborted.IsCancellationRequested)
        {
            LogPassing(log, http.Request.Method, http.Request.Path, e.Message);
            return Problem.Unavailable(e is TwinGridUnavailableException
                ? e.Message
                : "the grid did not answer in time; send the request again");
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            return Results.Empty;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogSurprise(log, e, http.Request.Method, http.Request.Path);
            return new Problem(
                StatusCodes.Status500InternalServerError, "internal", "The grid made a mistake",
                "the grid's log says more, under this traceId");
        }
    }

    /// <summary>True for what passes of itself: a silo that stops, a call that took too long.</summary>
    public static bool IsPassing(Exception e) =>
        e is TimeoutException or OperationCanceledException or OrleansException or ObjectDisposedException
            or TwinGridUnavailableException;

    /// <summary>
    /// Browsers let any page send simple requests to any address, this machine's loopback too (W3C Fetch Metadata).
    /// Programs such as curl send neither header.
    /// </summary>
    private static bool ComesFromAnotherSite(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        {
            return false;
        }

        string? site = request.Headers["Sec-Fetch-Site"];
        if (!string.IsNullOrEmpty(site))
        {
            return site is not ("same-origin" or "none");
        }

        string? origin = request.Headers[HeaderNames.Origin];
        return !string.IsNullOrEmpty(origin)
            && !(Uri.TryCreate(origin, UriKind.Absolute, out Uri? from)
                && string.Equals(from.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }

    [LoggerMessage(1, LogLevel.Warning, "{Method} {Path} was answered with 503: {Reason}")]
    private static partial void LogPassing(ILogger logger, string method, PathString path, string reason);

    [LoggerMessage(2, LogLevel.Error, "{Method} {Path} failed")]
    private static partial void LogSurprise(ILogger logger, Exception exception, string method, PathString path);
}
