using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace TwinGrid.Hosting.Api;

/// <summary>The bytes of a request's body, or why it is not taken.</summary>
/// <param name="Bytes">The whole body.</param>
/// <param name="Problem">Null where it is taken.</param>
internal readonly record struct ReadBody(ReadOnlyMemory<byte> Bytes, Problem? Problem)
{
    /// <summary>True where it is not taken.</summary>
    public bool IsRefused([NotNullWhen(true)] out Problem? problem) => (problem = Problem) is not null;
}

/// <summary>Reads a body of any content type up to a limit: <c>curl -d</c> says that it sends a form.</summary>
internal static class RequestBody
{
    private const string Identity = "identity";

    // The first is the second's beginning; JSON has no other (RFC 8259 section 8.1).
    private static readonly string[] Charsets = ["us-ascii", "utf-8"];

    /// <summary>
    /// Reads a body as JSON that every reader of the grid takes: UTF-8, no name twice, no half of a surrogate pair, no
    /// number that a double does not hold.
    /// </summary>
    /// <param name="body">The body.</param>
    /// <param name="what">What it is, for the sentence.</param>
    /// <param name="json">Its text.</param>
    /// <returns>What is wrong with it; null for nothing.</returns>
    public static Problem? ReadJson(ReadOnlyMemory<byte> body, string what, out RawJson json)
    {
        json = RawJson.EmptyObject;
        if (!Utf8.IsValid(body.Span))
        {
            return Malformed(what, "it is not UTF-8");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(
                body, new JsonDocumentOptions { AllowDuplicateProperties = false });
            json = new RawJson(document.RootElement.GetRawText());
            return FindUnreadable(body.Span) is { } problem ? Malformed(what, problem) : null;
        }
        catch (JsonException e)
        {
            return Malformed(what, e.Message);
        }
    }

    /// <summary>The whole body, unless it is larger than the limit or says that it is coded or not UTF-8.</summary>
    public static async Task<ReadBody> ReadAsync(HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (FindCoding(request) is { } coding)
        {
            // RFC 9110 section 12.5.3: so says a server which codings it takes.
            request.HttpContext.Response.Headers.AcceptEncoding = Identity;
            return new ReadBody(default, Problem.UnsupportedMediaType(
                $"the Content-Encoding {coding} is not taken: send the body as it is"));
        }

        if (FindForeignCharset(request) is { } charset)
        {
            return new ReadBody(default, Problem.UnsupportedMediaType(
                $"the charset {charset} is not taken: send UTF-8, and say charset=utf-8 or nothing"));
        }

        return await ReadUpToAsync(request, limit, cancellationToken) is { } bytes
            ? new ReadBody(bytes, null)
            : new ReadBody(default, Problem.TooLarge(limit));
    }

    private static string? FindCoding(HttpRequest request) => request.Headers.ContentEncoding
        .SelectMany(static line => (line ?? "").Split(
            ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        .FirstOrDefault(static coding => !coding.Equals(Identity, StringComparison.OrdinalIgnoreCase));

    private static string? FindForeignCharset(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type))
        {
            return null;
        }

        StringSegment charset = HeaderUtilities.RemoveQuotes(type.Charset);
        return charset.Length == 0 || Charsets.Contains(charset.Value, StringComparer.OrdinalIgnoreCase)
            ? null
            : charset.Value;
    }

    private static async Task<ReadOnlyMemory<byte>?> ReadUpToAsync(
        HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limit)
        {
            return null;
        }

        // The limit is counted here, so that every body over it gets the same answer and the key's name.
        IHttpMaxRequestBodySizeFeature? server = request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>();
        if (server is { IsReadOnly: false })
        {
            server.MaxRequestBodySize = null;
        }

        byte[] buffer = new byte[Math.Min(limit, (int)(request.ContentLength ?? 4_096)) + 1];
        int length = 0;
        while (true)
        {
            int read = await request.Body.ReadAsync(buffer.AsMemory(length), cancellationToken);
            length += read;
            if (length > limit)
            {
                return null;
            }

            if (read == 0)
            {
                return buffer.AsMemory(0, length);
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, Math.Min(buffer.Length * 2, limit + 1));
            }
        }
    }

    private static Problem Malformed(string what, string why) =>
        Problem.BadRequest("malformed-json", $"the {what} must be JSON: {why}");

    private static string? FindUnreadable(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.Number && !IsFinite(ref reader))
                {
                    return "a number is larger than a double holds (1.8e308)";
                }

                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                {
                    reader.GetString();
                }
            }

            return null;
        }
        catch (InvalidOperationException)
        {
            // The reader's way to say so.
            return "a text holds half of a surrogate pair (\\uD800 to \\uDFFF)";
        }
    }

    private static bool IsFinite(ref Utf8JsonReader reader) =>
        reader.TryGetDouble(out double number) && double.IsFinite(number);
}
