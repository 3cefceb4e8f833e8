using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace TwinGrid.Hosting.Api;

/// <summary>Reads a twin's properties, and changes what its device is asked to be.</summary>
internal static class PropertyRoutes
{
    public const string MergePatch = "application/merge-patch+json";

    // The last is what curl -d says that it sends.
    private static readonly string[] PatchTypes =
        [MergePatch, "application/json", "application/x-www-form-urlencoded"];

    public static async Task<IResult> GetDesiredAsync(
        string kind, string key, HttpContext context, ApiCalls grid, CancellationToken cancellationToken)
    {
        if (!ApiCalls.TryId(kind, key, out TwinId id, out Problem? problem))
        {
            return problem;
        }

        if (await PropertiesAsync(grid, id, cancellationToken) is not { } properties)
        {
            return ApiCalls.UnknownTwin(id);
        }

        return EntityTags.IsKnown(context, EntityTags.Of(properties.DesiredRevision))
            ? Results.StatusCode(StatusCodes.Status304NotModified)
            : Desired(new DesiredSnapshot(properties.DesiredRevision, properties.Desired));
    }

    /// <summary>The ETag is a digest: whoever reads these properties asks only whether they are others.</summary>
    public static async Task<IResult> GetReportedAsync(
        string kind, string key, HttpContext context, ApiCalls grid, CancellationToken cancellationToken)
    {
        if (!ApiCalls.TryId(kind, key, out TwinId id, out Problem? problem))
        {
            return problem;
        }

        if (await PropertiesAsync(grid, id, cancellationToken) is not { } properties)
        {
            return ApiCalls.UnknownTwin(id);
        }

        ReportedSnapshot reported = new(properties.Reported, properties.AnsweredRevision);
        byte[] digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{reported.AnsweredRevision} {reported.Reported}"));
        return EntityTags.IsKnown(context, $"\"{Convert.ToHexStringLower(digest.AsSpan(0, 8))}\"")
            ? Results.StatusCode(StatusCodes.Status304NotModified)
            : Results.Json(reported, TwinGridJson.Readable.ReportedSnapshot);
    }

    public static async Task<IResult> PatchDesiredAsync(
        string kind,
        string key,
        HttpContext context,
        ApiCalls grid,
        IOptionsMonitor<LimitOptions> limits,
        CancellationToken cancellationToken)
    {
        if (!ApiCalls.TryId(kind, key, out TwinId id, out Problem? problem)
            || Judge(context, out IReadOnlyList<long>? ifMatch, out problem))
        {
            return problem!;
        }

        ReadBody body = await RequestBody.ReadAsync(
            context.Request, limits.CurrentValue.PacketBytes, cancellationToken);
        if (body.IsRefused(out problem))
        {
            return problem;
        }

        if (RequestBody.ReadJson(body.Bytes, "patch", out RawJson patch) is { } malformed)
        {
            return malformed;
        }

        string write = Guid.CreateVersion7(grid.Clock.GetUtcNow()).ToString();
        DesiredAnswer answer = await grid.Change(
            body.Bytes.Length, () => grid.Twin(id).PatchDesiredAsync(write, patch, ifMatch), cancellationToken);
        return Answer(context, id, answer);
    }

    private static async Task<PropertiesSnapshot?> PropertiesAsync(
        ApiCalls grid, TwinId id, CancellationToken cancellationToken) =>
        (await grid.Read(() => grid.Twin(id).GetAsync(), cancellationToken))?.Properties;

    private static bool Judge(HttpContext context, out IReadOnlyList<long>? ifMatch, out Problem? problem)
    {
        problem = null;
        if (!EntityTags.TryIfMatch(context.Request, out ifMatch))
        {
            problem = Problem.BadRequest("bad-if-match", "If-Match takes * or ETags in quotes, such as \"3\"");
        }
        else if (context.Request.Headers.ContainsKey(HeaderNames.IfNoneMatch))
        {
            problem = Problem.BadRequest("bad-if-none-match", "a change takes If-Match and not If-None-Match");
        }
        else if (MediaTypeHeaderValue.TryParse(context.Request.ContentType, out MediaTypeHeaderValue? type)
            && !PatchTypes.Contains(type.MediaType.Value, StringComparer.OrdinalIgnoreCase))
        {
            context.Response.Headers["Accept-Patch"] = MergePatch;
            problem = Problem.UnsupportedMediaType($"{type.MediaType} is not taken here: send {MergePatch}");
        }

        return problem is not null;
    }

    private static IResult Answer(HttpContext context, TwinId id, DesiredAnswer answer)
    {
        if (answer.Desired is { } desired)
        {
            context.Response.Headers.ETag = EntityTags.Of(desired.Revision);
        }

        return answer.Refusal switch
        {
            DesiredRefusal.None => Desired(answer.Desired!),
            DesiredRefusal.UnknownTwin => ApiCalls.UnknownTwin(id),
            DesiredRefusal.Conflict => Problem.PreconditionFailed(
                $"the desired properties are at revision {answer.Desired!.Revision}: read them and decide anew"),
            DesiredRefusal.Invalid => Problem.Unprocessable(
                "bad-properties",
                "the patch asks for what cannot be asked of this twin",
                [.. answer.Errors.Select(static error => new ProblemError(error.Pointer, error.Detail))]),
            DesiredRefusal.TooLarge => Problem.Unprocessable(
                "properties-too-large", "the desired properties would take over 65536 characters"),
            _ => Problem.Unavailable("the store does not answer; send the request again"),
        };
    }

    private static IResult Desired(DesiredSnapshot desired) =>
        Results.Json(desired, TwinGridJson.Readable.DesiredSnapshot);
}
