using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Watching;

/// <summary>
/// A twin as the JSON that the API answers, and what is different between two of them. Pure.
/// </summary>
internal static class TwinDocument
{
    // What devices report and commands carry is up to 64 levels deep of itself.
    private static readonly JsonDocumentOptions s_deep = new() { MaxDepth = 128 };

    private static readonly JsonWriterOptions s_readable =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The twin as it is; null for one that does not exist.</summary>
    public static JsonElement? Of(TwinState state) => state.Exists
        ? JsonElement.Parse(
            JsonSerializer.SerializeToUtf8Bytes(SnapshotBuilder.Snapshot(state), TwinGridJson.Readable.TwinSnapshot),
            s_deep)
        : null;

    /// <summary>The whole twin.</summary>
    public static TwinChange Snapshot(long revision, JsonElement document) => new()
    {
        Kind = TwinChangeKind.Snapshot,
        Revision = revision,
        Document = Write(document.WriteTo),
    };

    /// <summary>What a turn made of a twin.</summary>
    /// <param name="revision">The turn's.</param>
    /// <param name="before">The twin before it; null where it did not exist.</param>
    /// <param name="after">The twin after it; null where it does not exist.</param>
    public static TwinChange Change(long revision, JsonElement? before, JsonElement? after) => (before, after) switch
    {
        (_, null) => new TwinChange { Kind = TwinChangeKind.Deleted, Revision = revision },
        (null, { } now) => Snapshot(revision, now),
        ({ } old, { } now) => new TwinChange
        {
            Kind = TwinChangeKind.Change,
            Revision = revision,
            Document = Write(writer => JsonMergePatch.Write(old, now, writer)),
        },
    };

    // Written anew, on one line: what devices and people sent may have line breaks, which would end an event.
    private static RawJson Write(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new(512);
        using (Utf8JsonWriter writer = new(buffer, s_readable))
        {
            write(writer);
        }

        return new RawJson(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }
}
