using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace TwinGrid.Hosting.Api;

/// <summary>Sends commands, tells where they stand, and calls them back.</summary>
internal static class CommandRoutes
{
    public const string IdempotencyKey = "Idempotency-Key";

    private const int MaxIdempotencyKey = 255;

    private static readonly TimeSpan LongestExpiry = TimeSpan.FromDays(7);

    public static async Task<IResult> SendAsync(
        string kind,
        string key,
        string name,
        string? expiresIn,
        HttpContext context,
        ApiCalls grid,
        IOptionsMonitor<LimitOptions> limits,
        CancellationToken cancellationToken)
    {
        string? once = context.Request.Headers[IdempotencyKey];
        if (!ApiCalls.TryId(kind, key, out TwinId id, out Problem? problem)
            || Judge(name, once, expiresIn, out TimeSpan? expiry, out problem))
        {
            return problem!;
        }

        ReadBody body = await RequestBody.ReadAsync(
            context.Request, limits.CurrentValue.PacketBytes, cancellationToken);
        if (body.IsRefused(out problem))
        {
            return problem;
        }

        if (ReadArgs(body.Bytes, out RawJson args) is { } malformed)
        {
            return malformed;
        }

        string commandId = Guid.CreateVersion7(grid.Clock.GetUtcNow()).ToString();
        CommandAnswer answer = await grid.Change(
            args.Text?.Length ?? 0,
            () => grid.Twin(id).SendAsync(commandId, name, args, expiry, once),
            cancellationToken);
        return Answer(id, name, answer);
    }

    public static async Task<IResult> GetAsync(
        string kind, string key, string id, ApiCalls grid, CancellationToken cancellationToken)
    {
        if (!ApiCalls.TryId(kind, key, out TwinId twin, out Problem? problem))
        {
            return problem;
        }

        CommandSnapshot? command = Guid.TryParseExact(id, "D", out Guid command7)
            ? await grid.Read(() => grid.Twin(twin).GetCommandAsync(command7.ToString()), cancellationToken)
            : null;
        return command is null
            ? UnknownCommand(twin)
            : Results.Json(command, TwinGridJson.Readable.CommandSnapshot);
    }

    public static async Task<IResult> CancelAsync(
        string kind, string key, string id, ApiCalls grid, CancellationToken cancellationToken)
    {
        if (!ApiCalls.TryId(kind, key, out TwinId twin, out Problem? problem))
        {
            return problem;
        }

        CancelAnswer answer = Guid.TryParseExact(id, "D", out Guid command7)
            ? await grid.Change(0, () => grid.Twin(twin).CancelAsync(command7.ToString()), cancellationToken)
            : new CancelAnswer(CancelRefusal.UnknownCommand, null);
        return answer.Refusal switch
        {
            CancelRefusal.None => Results.Json(answer.Command, TwinGridJson.Readable.CommandSnapshot),
            CancelRefusal.UnknownTwin => ApiCalls.UnknownTwin(twin),
            CancelRefusal.UnknownCommand => UnknownCommand(twin),
            CancelRefusal.Delivered => Problem.Conflict(
                "command-delivered",
                "its device has the command, or it is on its way there and cannot be taken back; send another one"),
            CancelRefusal.Ended => Problem.Conflict(
                "command-ended", $"the command has ended already: it {Ended(answer.Command!.Status)}"),
            _ => Problem.Unavailable("the store does not answer; send the request again"),
        };
    }

    private static Problem UnknownCommand(TwinId twin) =>
        Problem.NotFound("unknown-command", $"twin {twin} has no such command, or has it no more");

    private static string Ended(CommandStatus status) => status switch
    {
        CommandStatus.Succeeded => "succeeded",
        CommandStatus.Failed => "failed",
        CommandStatus.Rejected => "was rejected by its device",
        _ => "expired",
    };

    private static bool Judge(
        string name, string? once, string? expiresIn, out TimeSpan? expiry, out Problem? problem)
    {
        expiry = null;
        problem = null;
        if (!TwinId.IsSegment(name) || !char.IsAsciiLetter(name[0]))
        {
            problem = Problem.BadRequest(
                "bad-name", "a command's name begins with a letter; letters, digits, _ - . follow");
        }
        else if (once is { Length: 0 or > MaxIdempotencyKey })
        {
            problem = Problem.BadRequest(
                "bad-idempotency-key", $"{IdempotencyKey} must have 1 to {MaxIdempotencyKey} characters");
        }
        else if (expiresIn is not null)
        {
            if (Duration.TryParse(expiresIn, null, out Duration given)
                && given.Value > TimeSpan.Zero && given.Value <= LongestExpiry)
            {
                expiry = given;
            }
            else
            {
                problem = Problem.BadRequest(
                    "bad-expiry", "expiresIn must be a duration such as 30s, 5m or 1h, at most 7d");
            }
        }

        return problem is not null;
    }

    /// <summary>Any JSON value; no body at all is an empty object.</summary>
    private static Problem? ReadArgs(ReadOnlyMemory<byte> body, out RawJson args)
    {
        args = RawJson.EmptyObject;
        if (body.Span.Trim(" \t\r\n"u8).IsEmpty)
        {
            return null;
        }

        return RequestBody.ReadJson(body, "arguments", out args);
    }

    private static IResult Answer(TwinId twin, string name, CommandAnswer answer) => answer.Refusal switch
    {
        CommandRefusal.None => new AcceptedCommand(twin, answer.Command!),
        CommandRefusal.UnknownTwin => ApiCalls.UnknownTwin(twin),
        CommandRefusal.UnknownCommand => Problem.NotFound(
            "unknown-command", $"the kind {twin.Kind} declares commands, and none is named {name}"),
        CommandRefusal.KeyReused => Problem.Unprocessable(
            "idempotency-key-reused", $"this {IdempotencyKey} was used for another command or other arguments"),
        CommandRefusal.TooMany => Problem.TooMany("the twin has as many open commands as it may", retryAfter: 5),
        _ => Problem.Unavailable("the store does not answer; send the request again"),
    };

    private sealed class AcceptedCommand(TwinId twin, CommandSnapshot command) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status202Accepted;
            httpContext.Response.Headers.Location =
                $"{httpContext.Request.PathBase}{TwinGridRoutes.Root}/twins/{twin}/commands/{command.Id}";
            return httpContext.Response.WriteAsJsonAsync(
                command, TwinGridJson.Readable.CommandSnapshot, cancellationToken: httpContext.RequestAborted);
        }
    }
}
