using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace TwinGrid.Hosting.Api;

/// <summary>Takes readings by HTTP: the same bodies, the same decoders and the same road as by MQTT.</summary>
internal sealed class TelemetryRoutes(
    ITwinIngest ingest,
    ITwinStore store,
    DefinitionSet definitions,
    IEnumerable<IPayloadDecoder> decoders,
    IOptionsMonitor<LimitOptions> limits,
    ApiCalls grid)
{
    // Reserved by the contract; any other type, such as the one that curl -d sends, is read as JSON.
    private static readonly string[] ReservedTypes = ["application/senml+json", "application/cbor"];

    private readonly Dictionary<string, IPayloadDecoder> _decoders = LastByFormat(decoders);

    public static Task<IResult> PostAllAsync(
        string kind, string key, HttpContext context, TelemetryRoutes routes, CancellationToken cancellationToken) =>
        routes.PostAsync(kind, key, telemetry: null, context.Request, cancellationToken);

    public static Task<IResult> PostOneAsync(
        string kind,
        string key,
        string name,
        HttpContext context,
        TelemetryRoutes routes,
        CancellationToken cancellationToken) =>
        routes.PostAsync(kind, key, name, context.Request, cancellationToken);

    private async Task<IResult> PostAsync(
        string kind, string key, string? telemetry, HttpRequest request, CancellationToken cancellationToken)
    {
        if (!ApiCalls.TryId(kind, key, out TwinId id, out Problem? problem))
        {
            return problem;
        }

        if (kind[0] == '_' || key[0] == '_')
        {
            return Problem.BadRequest("reserved-id", "kinds and keys that begin with _ are the grid's own");
        }

        if (request.ContentType is { } type
            && ReservedTypes.Any(reserved => type.StartsWith(reserved, StringComparison.OrdinalIgnoreCase)))
        {
            return Problem.UnsupportedMediaType($"{type} comes with a later version: send application/json");
        }

        ReadBody body = await RequestBody.ReadAsync(request, limits.CurrentValue.PacketBytes, cancellationToken);
        if (body.IsRefused(out problem))
        {
            return problem;
        }

        ReadOnlyMemory<byte> bytes = body.Bytes;
        ReadingWriter readings = new();
        PayloadContext context = new(id, telemetry, UnixMicroseconds.Now(grid.Clock), definitions.Find(kind));
        if (_decoders[telemetry is null ? "json" : "scalar"].Decode(bytes.Span, context, readings) is { } misunderstood)
        {
            return Problem.BadRequest("malformed-telemetry", misunderstood);
        }

        IngestResult result = readings.ReadingCount == 0
            ? default
            : await grid.Change(
                bytes.Length,
                () => ingest.IngestAsync(id, readings.Written, CancellationToken.None),
                cancellationToken);
        if (result.Status != IngestStatus.Accepted)
        {
            return Refused(id, result.Status);
        }

        Duration keep = limits.CurrentValue.HistoryKeep;
        IEnumerable<DroppedReading> older = KeptTime.FindOlder(readings.Written, context.Definition, keep);
        return await AnswerAsync(
            new Post(request, telemetry, bytes, context.Received), result, [.. readings.Dropped, .. older]);
    }

    /// <summary>
    /// A message of which something was used succeeds, and the rest goes to the dead letters and is named in a header;
    /// of one of which nothing was used the sender is told every reason.
    /// </summary>
    private async Task<IResult> AnswerAsync(
        Post post, IngestResult result, IReadOnlyList<DroppedReading> undecoded)
    {
        List<DroppedReading> dropped = [.. undecoded, .. result.Dropped ?? []];
        if (dropped.Count == 0)
        {
            return Results.NoContent();
        }

        if (result.Applied + result.Seen == 0)
        {
            string? prefix = PointerPrefix(post);
            return Problem.Unprocessable(
                "unusable-readings",
                "none of the readings can be used",
                [.. dropped.Select(reading => Error(reading, prefix))]);
        }

        foreach (DeadLetter[] some in post.DeadLetters(dropped).Chunk(DroppedLines.AtOnce))
        {
            await store.AppendDeadLettersAsync(some, CancellationToken.None);
        }

        post.Request.HttpContext.Response.Headers[DroppedHeader.Name] = DroppedHeader.Write(dropped);
        return Results.NoContent();
    }

    private static ProblemError Error(DroppedReading reading, string? prefix) => new(
        prefix is null ? "" : prefix + "/" + EscapePointer(reading.Telemetry),
        reading.Detail,
        reading.Telemetry,
        JsonNamingPolicy.CamelCase.ConvertName(reading.Outcome.ToString()));

    /// <summary>The name's place in the body: components are objects in objects (RFC 6901 section 3).</summary>
    private static string EscapePointer(string telemetry) => telemetry
        .Replace("~", "~0", StringComparison.Ordinal)
        .Replace("/", "~1", StringComparison.Ordinal)
        .Replace('.', '/');

    /// <summary>Where the readings stand in the body; null for a single value and for a batch.</summary>
    private static string? PointerPrefix(Post post)
    {
        Utf8JsonReader reader = new(post.Body.Span);
        if (post.Telemetry is not null || !reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isValues = reader.ValueTextEquals("values"u8);
            reader.Read();
            if (isValues && reader.TokenType == JsonTokenType.StartObject)
            {
                return "/values";
            }

            reader.Skip();
        }

        return "";
    }

    private static Problem Refused(TwinId id, IngestStatus status) => status switch
    {
        IngestStatus.UnknownTwin => Problem.NotFound(
            "unknown-twin", $"there is no twin {id}, and TwinGrid:Ingest:NewTwins lets these readings make none"),
        IngestStatus.TooManyTwins => Problem.TooMany(
            "too many new twins: TwinGrid:Limits:NewTwinsPerMinute or TwinGrid:Limits:Twins", retryAfter: 60),
        IngestStatus.Damaged => Problem.Damaged($"What is stored of {id} is damaged."),
        IngestStatus.Failed => throw new TwinGridException(
            $"a model or policy of {id} failed on these readings; the silo's log says how"),
        _ => Problem.Unavailable("the readings are not kept: the silo stops or its store does not answer; send again"),
    };

    private static Dictionary<string, IPayloadDecoder> LastByFormat(IEnumerable<IPayloadDecoder> decoders)
    {
        Dictionary<string, IPayloadDecoder> byFormat = new(StringComparer.Ordinal);
        foreach (IPayloadDecoder decoder in decoders)
        {
            byFormat[decoder.Format] = decoder;
        }

        return byFormat;
    }

    private sealed record Post(HttpRequest Request, string? Telemetry, ReadOnlyMemory<byte> Body, long Received)
    {
        private const int SampleBytes = 1_024;

        public IEnumerable<DeadLetter> DeadLetters(IReadOnlyList<DroppedReading> dropped)
        {
            DeadLetter letter = new()
            {
                Time = Received,
                Topic = Request.Path.Value ?? "",
                Client = "http",
                Reason = "",
                Detail = "",
                Size = Body.Length,
                Sample = Body[..Math.Min(Body.Length, SampleBytes)],
            };
            return DroppedLines.Of(letter, dropped, DroppedHeader.Word);
        }
    }
}
