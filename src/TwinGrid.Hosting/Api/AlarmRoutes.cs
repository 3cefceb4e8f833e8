using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace TwinGrid.Hosting.Api;

/// <summary>The body of an acknowledgement.</summary>
/// <param name="By">Who acknowledges.</param>
/// <param name="Note">What they say of it.</param>
internal sealed record AcknowledgeRequest(string? By, string? Note);

/// <summary>Acknowledges alarms.</summary>
internal static class AlarmRoutes
{
    private const int MaxBy = 128;

    private const int MaxNote = 1_024;

    public static async Task<IResult> AcknowledgeAsync(
        string kind,
        string key,
        string name,
        HttpContext context,
        ApiCalls grid,
        IOptionsMonitor<LimitOptions> limits,
        CancellationToken cancellationToken)
    {
        if (!ApiCalls.TryId(kind, key, out TwinId id, out Problem? problem))
        {
            return problem;
        }

        if (!TwinId.IsSegment(name))
        {
            return Problem.BadRequest("bad-name", $"that is not an alarm's name: {TwinId.SegmentRule}");
        }

        ReadBody body = await RequestBody.ReadAsync(
            context.Request, limits.CurrentValue.PacketBytes, cancellationToken);
        if (body.IsRefused(out problem))
        {
            return problem;
        }

        if (Read(body.Bytes, out AcknowledgeRequest? request) is { } wrong)
        {
            return wrong;
        }

        AlarmSnapshot? alarm = await grid.Change(
            request!.By!.Length + (request.Note?.Length ?? 0),
            () => grid.Twin(id).AcknowledgeAlarmAsync(name, request.By, request.Note),
            cancellationToken);
        return alarm is null
            ? Problem.NotFound("unknown-alarm", $"twin {id} has no alarm {name}")
            : Results.Json(alarm, TwinGridJson.Readable.AlarmSnapshot);
    }

    private static Problem? Read(ReadOnlyMemory<byte> body, out AcknowledgeRequest? request)
    {
        request = null;
        try
        {
            request = JsonSerializer.Deserialize(body.Span, ApiJson.Default.AcknowledgeRequest);
        }
        catch (JsonException e)
        {
            return Problem.BadRequest("malformed-json", $$"""expected {"by":"…","note":"…"}: {{e.Message}}""");
        }

        List<ProblemError> errors = [];
        if (string.IsNullOrWhiteSpace(request?.By) || request.By.Length > MaxBy)
        {
            errors.Add(new ProblemError("/by", $"say who acknowledges, in 1 to {MaxBy} characters"));
        }

        if (request?.Note is { Length: > MaxNote })
        {
            errors.Add(new ProblemError("/note", $"at most {MaxNote} characters"));
        }

        return errors.Count == 0
            ? null
            : Problem.Unprocessable("bad-acknowledgement", """expected {"by":"…","note":"…"}""", errors);
    }
}
