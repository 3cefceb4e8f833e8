namespace TwinGrid.Tests.Storage;

/// <summary>Short words for history that a test seals and reads again.</summary>
internal static class SealedHistory
{
    public const long Start = 1_790_000_000_000_000;
    public const long Second = UnixMicroseconds.PerSecond;
    public const long Day = 86_400 * Second;

    /// <summary>Turns of the turbine from a revision through another, with a snapshot at the end.</summary>
    public static async Task FillAsync(this ITwinStore store, int from, int through)
    {
        await store.Commit([.. Enumerable.Range(from, through - from + 1).Select(
            r => StoreDirectory.Turn(StoreDirectory.Turbine, r, $"turn {r}"))]);
        await store.Commit(StoreDirectory.Snapshot(StoreDirectory.Turbine, through));
    }

    /// <summary>A part of some of these turns.</summary>
    public static SealedTurns Part(
        List<TwinTurn> turns, int first, int last, params (long Time, double Value)[] power) => new()
        {
            Twin = StoreDirectory.Turbine,
            Turns = [.. turns.Where(turn => turn.Revision >= first && turn.Revision <= last)],
            End = StoreDirectory.Snapshot(StoreDirectory.Turbine, last, $"at {last}"),
            Readings = power.Length == 0
                ? []
                :
                [
                    new SealedReadings("power", 30 * Day, [.. power.Select(reading => new HistoryReading(
                        reading.Time, ReadingValue.Of(reading.Value), Quality.Good, ReadingFlags.None))]),
                ],
        };

    /// <summary>Seals turns of a twin, with one reading of power: at a time, the first revision.</summary>
    public static async Task SealAsync(this ITwinStore store, TwinId twin, int first, int last, long time) =>
        Assert.True(await store.SealAsync(
            await store.PartAsync(twin, first, last, time), CancellationToken.None));

    /// <summary>The part that this seals.</summary>
    public static async Task<SealedTurns> PartAsync(this ITwinStore store, TwinId twin, int first, int last, long time)
    {
        SealedTurns part = Part(await store.TurnsAsync(first - 1, last, twin), first, last, (time, first));
        return part with { Twin = twin, End = part.End with { Twin = twin } };
    }

    /// <summary>A part from the first on with power that is kept for 30 days, and vibration for two.</summary>
    public static SealedTurns PartOfTwoClasses(List<TwinTurn> turns, int last)
    {
        SealedTurns part = Part(turns, 1, last, (Start, 1));
        return part with
        {
            Readings = [.. part.Readings, new SealedReadings("vibration", 2 * Day, part.Readings[0].Readings)],
        };
    }

    public static string Text(TwinTurn turn) =>
        $"{turn.Twin} {turn.Revision} {turn.Time} {turn.FoldVersion} {turn.Inputs.Text()}";

    public static async Task<List<TwinTurn>> TurnsAsync(
        this ITwinStore store, long after, long through, TwinId? twin = null)
    {
        List<TwinTurn> turns = [];
        await foreach (TwinTurn turn in store.ReadTurnsAsync(
            twin ?? StoreDirectory.Turbine, after, through, CancellationToken.None))
        {
            turns.Add(turn);
        }

        return turns;
    }

    public static async Task<(long Revision, long? Base)> PastAsync(
        this ITwinStore store, long? revision, long time = 0)
    {
        StoredPast past = (await store.FindPastAsync(
            StoreDirectory.Turbine, revision, time, CancellationToken.None))!;
        return (past.Revision, past.Base?.Revision);
    }

    public static async Task<List<double>> ValuesAsync(
        this ITwinStore store, long from = long.MinValue, long to = long.MaxValue, string telemetry = "power")
    {
        List<double> values = [];
        StoredLog log = (await store.ReadLogAsync(StoreDirectory.Turbine, CancellationToken.None))!;
        await foreach (SealedBlock block in store.ReadSealedAsync(
            StoreDirectory.Turbine, telemetry, from, to, log.Sealed, CancellationToken.None))
        {
            values.AddRange(block.Unpack().Select(reading => reading.Value.Number));
        }

        return values;
    }

    public static async Task<List<TwinId>> UnsealedAsync(this ITwinStore store, int turns, long sealedBefore)
    {
        List<TwinId> twins = [];
        await foreach (TwinId twin in store.ReadUnsealedAsync(turns, sealedBefore, CancellationToken.None))
        {
            twins.Add(twin);
        }

        return twins;
    }
}
