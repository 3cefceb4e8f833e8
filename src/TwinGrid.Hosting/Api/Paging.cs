using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace TwinGrid.Hosting.Api;

/// <summary>The two parameters of every listing.</summary>
internal static class Paging
{
    public const int DefaultLimit = 100;

    public const int MaxLimit = 1_000;

    private const int MaxCursor = 1_024;

    private const byte Version = 1;

    /// <summary>
    /// Reads both: a limit from 1 to 1,000 where one is given, and a cursor that an earlier page gave. Else the
    /// problem.
    /// </summary>
    public static Problem? TryRead(string? limitText, string? cursorText, out int limit, out string? position)
    {
        position = null;
        return TryLimit(limitText, out limit) ?? TryCursor(cursorText, out position);
    }

    private static Problem? TryLimit(string? text, out int limit)
    {
        limit = DefaultLimit;
        return text is null
            || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit)
                && limit is >= 1 and <= MaxLimit)
            ? null
            : Problem.BadRequest("bad-limit", $"limit must be a whole number from 1 to {MaxLimit}");
    }

    /// <summary>Reads a cursor that an earlier page gave, or that there is none. Else the problem.</summary>
    public static Problem? TryCursor(string? text, out string? position)
    {
        position = null;
        if (text is null)
        {
            return null;
        }

        if (text.Length is > 0 and <= MaxCursor && Base64Url.IsValid(text))
        {
            byte[] bytes = Base64Url.DecodeFromChars(text);
            if (bytes is [Version, ..] && System.Text.Unicode.Utf8.IsValid(bytes))
            {
                position = Encoding.UTF8.GetString(bytes.AsSpan(1));
                return null;
            }
        }

        return Problem.BadRequest("bad-cursor", "cursor must be one that an earlier page gave, or absent");
    }

    /// <summary>A position as the outside sees it: opaque, so that what stands in it may change.</summary>
    public static string? ToCursor(string? position) =>
        position is null ? null : Base64Url.EncodeToString([Version, .. Encoding.UTF8.GetBytes(position)]);
}
