using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace TwinGrid.Hosting.WebPage;

/// <summary>
/// The live page: one document with its style and script written into it, from this assembly. Its policy lets the
/// browser run exactly these two and talk to this server only, so that a hostile name in a twin stays text.
/// </summary>
internal static class LivePage
{
    private static readonly (byte[] Html, string Policy, string Tag) Page = Compose();

    public static IResult Get(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Page.Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-cache";
        return Results.Bytes(
            Page.Html, "text/html; charset=utf-8", entityTag: new EntityTagHeaderValue(Page.Tag));
    }

    private static (byte[] Html, string Policy, string Tag) Compose()
    {
        string style = Read("page.css");
        string script = Read("page.js");
        byte[] html = Encoding.UTF8.GetBytes(Read("page.html")
            .Replace("/*style*/", style, StringComparison.Ordinal)
            .Replace("/*script*/", script, StringComparison.Ordinal));
        string policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
            + "connect-src 'self'; img-src data:; require-trusted-types-for 'script'; "
            + $"style-src {Hash(style)}; script-src {Hash(script)}";
        return (html, policy, $"\"{Convert.ToHexStringLower(SHA256.HashData(html))}\"");
    }

    /// <summary>CSP 3 section 2.3.1: the digest of what stands between the tags.</summary>
    private static string Hash(string inline) =>
        $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(inline)))}'";

    private static string Read(string name)
    {
        using Stream stream = typeof(LivePage).Assembly.GetManifestResourceStream($"TwinGrid.Hosting.WebPage.{name}")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
