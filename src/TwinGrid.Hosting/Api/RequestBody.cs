using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace TwinGrid.Hosting.Api;

/// <summary>Reads a body of any content type up to a limit: <c>curl -d</c> says that it sends a form.</summary>
internal static class RequestBody
{
    /// <summary>
    /// Reads a body as JSON that every reader of the grid takes: UTF-8, no name twice, no half of a surrogate pair.
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
            return HasHalfPair(body.Span)
                ? Malformed(what, "a text holds half of a surrogate pair (\\uD800 to \\uDFFF)")
                : null;
        }
        catch (JsonException e)
        {
            return Malformed(what, e.Message);
        }
    }

    /// <summary>The whole body, or null when it is larger than the limit.</summary>
    public static async Task<ReadOnlyMemory<byte>?> ReadAsync(
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

    private static bool HasHalfPair(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                {
                    reader.GetString();
                }
            }

            return false;
        }
        catch (InvalidOperationException)
        {
            // The reader's way to say so.
            return true;
        }
    }
}
