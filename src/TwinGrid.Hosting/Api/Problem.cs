using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace TwinGrid.Hosting.Api;

/// <summary>One thing that is wrong with a request.</summary>
/// <param name="Pointer">Where, as a JSON pointer into the body (RFC 6901); empty for the body as a whole.</param>
/// <param name="Detail">What is there and what was expected.</param>
/// <param name="Telemetry">The telemetry, where it is one.</param>
/// <param name="Outcome">What became of the reading, where it is one: a <see cref="ReadingOutcome"/>.</param>
internal sealed record ProblemError(
    string Pointer, string Detail, string? Telemetry = null, string? Outcome = null);

/// <summary>The body of an error, RFC 9457.</summary>
internal sealed record ProblemBody(
    string Type, string Title, int Status, string Detail, IReadOnlyList<ProblemError>? Errors, string TraceId);

/// <summary>An answer that says what is wrong and what to do about it.</summary>
internal sealed class Problem(int status, string code, string title, string detail) : IResult
{
    public const string ContentType = "application/problem+json";

    /// <summary>What is wrong in detail, if it is more than one thing.</summary>
    public IReadOnlyList<ProblemError>? Errors { get; init; }

    /// <summary>When it makes sense to try again; seconds.</summary>
    public int? RetryAfter { get; init; }

    public static Problem BadRequest(string code, string detail, IReadOnlyList<ProblemError>? errors = null) =>
        new(StatusCodes.Status400BadRequest, code, "The request cannot be understood", detail) { Errors = errors };

    public static Problem NotFound(string code, string detail) =>
        new(StatusCodes.Status404NotFound, code, "There is no such thing", detail);

    public static Problem Gone(string code, string detail) =>
        new(StatusCodes.Status410Gone, code, "It is not kept any more", detail);

    public static Problem Conflict(string code, string detail) =>
        new(StatusCodes.Status409Conflict, code, "It is too late for that", detail);

    public static Problem Unprocessable(string code, string detail, IReadOnlyList<ProblemError>? errors = null) =>
        new(StatusCodes.Status422UnprocessableEntity, code, "The content cannot be used", detail) { Errors = errors };

    public static Problem TooLarge(int bytes) =>
        new(StatusCodes.Status413PayloadTooLarge, "too-large", "The body is too large",
            $"at most {bytes} bytes are taken (TwinGrid:Limits:PacketBytes)");

    public static Problem UnsupportedMediaType(string detail) =>
        new(
            StatusCodes.Status415UnsupportedMediaType,
            "unsupported-media-type",
            "The content type is not taken",
            detail);

    public static Problem PreconditionFailed(string detail) =>
        new(StatusCodes.Status412PreconditionFailed, "precondition-failed", "It has changed meanwhile", detail);

    public static Problem TooMany(string detail, int retryAfter) =>
        new(StatusCodes.Status429TooManyRequests, "too-many", "Too many", detail) { RetryAfter = retryAfter };

    /// <summary>What is stored of a twin cannot be trusted; nothing mends it but an operator.</summary>
    public static Problem Damaged(string what) =>
        new(StatusCodes.Status500InternalServerError, "damaged-twin", "What is stored of the twin is damaged",
            what + " It is neither read nor written until it is restored, and the others go on: start the silo program "
            + "with the word verify, which names every damaged row and what to do.");

    public static Problem Unavailable(string detail) =>
        new(StatusCodes.Status503ServiceUnavailable, "unavailable", "Not now", detail) { RetryAfter = 1 };

    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = status;
        if (RetryAfter is { } seconds)
        {
            httpContext.Response.Headers[HeaderNames.RetryAfter] = seconds.ToString(
                System.Globalization.CultureInfo.InvariantCulture);
        }

        ProblemBody body = new(
            $"urn:twingrid:problem:{code}",
            title,
            status,
            detail,
            Errors,
            Activity.Current?.TraceId.ToHexString() ?? httpContext.TraceIdentifier);
        return httpContext.Response.WriteAsJsonAsync(
            body, ApiJson.Readable.ProblemBody, ContentType, httpContext.RequestAborted);
    }
}
