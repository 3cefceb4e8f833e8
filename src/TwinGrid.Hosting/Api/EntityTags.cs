using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace TwinGrid.Hosting.Api;

/// <summary>Entity tags and what requests say of them, RFC 9110 sections 8.8.3 and 13.1.</summary>
internal static class EntityTags
{
    /// <summary>The tag of a revision.</summary>
    public static string Of(long revision) => string.Create(CultureInfo.InvariantCulture, $"\"{revision}\"");

    /// <summary>Gives the answer its tag.</summary>
    /// <returns>True when the request says that it knows this one, or any with <c>*</c> (If-None-Match).</returns>
    public static bool IsKnown(HttpContext context, string tag)
    {
        EntityTagHeaderValue value = new(tag);
        context.Response.GetTypedHeaders().ETag = value;
        context.Response.Headers.CacheControl = "no-cache";
        return context.Request.GetTypedHeaders().IfNoneMatch.Any(known =>
            known.Equals(EntityTagHeaderValue.Any) || known.Compare(value, useStrongComparison: false));
    }

    /// <summary>
    /// The revisions at which a request wants to be done (If-Match): null for at any, also for <c>*</c>. A weak tag, or
    /// one that is no revision, never matches.
    /// </summary>
    /// <returns>False when the header cannot be read.</returns>
    public static bool TryIfMatch(HttpRequest request, out IReadOnlyList<long>? revisions)
    {
        revisions = null;
        if (!request.Headers.ContainsKey(HeaderNames.IfMatch))
        {
            return true;
        }

        if (!EntityTagHeaderValue.TryParseStrictList(
            request.Headers.IfMatch, out IList<EntityTagHeaderValue>? tags))
        {
            return false;
        }

        if (!tags.Any(static tag => tag.Equals(EntityTagHeaderValue.Any)))
        {
            revisions = [.. tags.Where(static tag => !tag.IsWeak).Select(Revision)];
        }

        return true;
    }

    private static long Revision(EntityTagHeaderValue tag) =>
        long.TryParse(tag.Tag.AsSpan().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out long revision)
            ? revision
            : -1;
}
