using System.Text.Json;
using TwinGrid.FaultTests.Checking;

namespace TwinGrid.FaultTests.People;

/// <summary>A twin as the API answers it, as far as the harness looks.</summary>
/// <param name="Revision">Its revision.</param>
/// <param name="Number">Its live value; 0 before the first.</param>
/// <param name="Count">How many readings changed that.</param>
/// <param name="Readings">All readings that came.</param>
/// <param name="Duplicates">Those that were known.</param>
/// <param name="Durable">False where the grid says that this may not survive.</param>
internal sealed record TwinView(
    long Revision, long Number, long Count, long Readings, long Duplicates, bool Durable)
{
    private const string Telemetry = "v";

    /// <summary>A twin of which nothing is known: what a read of it claims.</summary>
    public static TwinView Unknown { get; } = new(0, 0, 0, 0, 0, true);

    /// <summary>Reads an answer's body.</summary>
    public static async Task<TwinView> ReadAsync(Stream body, CancellationToken stop)
    {
        using JsonDocument document = await JsonDocument.ParseAsync(body, cancellationToken: stop);
        JsonElement twin = document.RootElement;
        JsonElement counters = twin.GetProperty("counters");
        bool has = twin.GetProperty("telemetry").TryGetProperty(Telemetry, out JsonElement live);
        return new TwinView(
            twin.GetProperty("revision").GetInt64(),
            has ? (long)live.GetProperty("value").GetDouble() : 0,
            has ? live.GetProperty("count").GetInt64() : 0,
            counters.GetProperty("readings").GetInt64(),
            counters.GetProperty("duplicates").GetInt64(),
            twin.GetProperty("durable").GetBoolean());
    }

    /// <summary>How it stands in the end.</summary>
    public FinalTwin ToFinal() => new(Revision, Number, Count, Readings, Duplicates);
}
