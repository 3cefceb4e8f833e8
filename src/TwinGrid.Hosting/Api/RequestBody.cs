using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace TwinGrid.Hosting.Api;

/// <summary>Reads a body of any content type up to a limit: <c>curl -d</c> says that it sends a form.</summary>
internal static class RequestBody
{
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
}
