using Microsoft.Extensions.Logging.Abstractions;
using TwinGrid.Storage.Sqlite;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.History;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Twins.History;

public sealed class HistoryBookTests(TwoSiloGrid grid) : IClassFixture<TwoSiloGrid>, IAsyncLifetime
{
    private static readonly TwinId Pump = new("pump", "p1");
    private static readonly long Noon = UnixMicroseconds.From(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    private readonly string _directory = Directory.CreateTempSubdirectory("twingrid-book-").FullName;
    private readonly Microsoft.Extensions.Time.Testing.FakeTimeProvider _clock =
        new(UnixMicroseconds.ToDateTimeOffset(Noon));

    private readonly TurnEffects _effects = new();
    private SqliteTwinStore _store = null!;
    private KindRegistry _kinds = null!;
    private TwinState _state = null!;

    public async ValueTask InitializeAsync()
    {
        _store = new SqliteTwinStore(
            new SqliteDatabase(_directory, null), new LimitOptions(), _clock, NullLogger<SqliteTwinStore>.Instance);
        await _store.InitializeAsync(CancellationToken.None);
        _kinds = new KindRegistry(DefinitionSet.Empty, [], [], grid.Cluster.Client);
        await _kinds.PublishAsync();
        _state = new TwinState(Pump, _kinds.Current("pump"));
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Flagged_readings_are_there_with_their_flags_and_rejected_ones_and_doubles_are_not()
    {
        await SendAsync(0, 20.0, ts: 0, seq: 1);
        await SendAsync(10, 21.0, ts: 10, seq: 3);
        await SendAsync(11, 20.5, ts: 5, seq: 2);
        await SendAsync(12, 20.5, ts: 5, seq: 2);
        await SendAsync(200, 19.0, ts: 100, seq: 4);
        await SendAsync(201, 18.0, ts: 90, seq: 5);
        await SendAsync(202, double.NaN, ts: 202, seq: 6);
        await SendAsync(203, 30.0, ts: 203 + 301, seq: 7);

        string[] expected =
        [
            "0 20 good None", "5 20.5 good Late", "10 21 good None", "90 18 good Late, Historical",
            "100 19 good Historical", "504 30 good Future",
        ];
        Assert.Equal(expected, await ReadAsync());
        await SealAsync();
        Assert.Equal(expected, await ReadAsync());
    }

    [Fact]
    public async Task A_word_that_there_is_no_value_is_kept_as_that()
    {
        await SendAsync(0, 20.0);
        await SendAsync(1, null);
        Assert.Equal(["0 20 good None", "1 none bad None"], await ReadAsync());
        await SealAsync();
        Assert.Equal(["0 20 good None", "1 none bad None"], await ReadAsync());
    }

    [Fact]
    public async Task Doubles_that_nothing_tells_apart_merge_when_they_are_sealed_and_numbered_ones_stay()
    {
        // The twin remembers the last 64: the repetition of the first comes after them.
        for (int i = 0; i <= 70; i++)
        {
            await SendAsync(100, i, ts: i);
        }

        await SendAsync(100, 0, ts: 0);
        await SendAsync(100, 0, ts: 0, seq: 1, epoch: 1);
        await SendAsync(100, 0, ts: 0, seq: 2, epoch: 1);
        await SealAsync();

        Assert.Equal(71 + 2, (await ReadAsync()).Length);
        Assert.Equal(3, (await ReadAsync()).Count(reading => reading.StartsWith("0 ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_limit_cuts_at_the_oldest_and_says_so_and_a_range_takes_its_beginning_and_not_its_end()
    {
        for (int i = 0; i < 300; i++)
        {
            await SendAsync(i, i);
            if (i % 100 == 99)
            {
                await SealAsync();
            }
        }

        await SendAsync(300, 300);
        HistoryPage cut = (await BookOf().ReadAsync(Pump, new HistoryQuery { Limit = 120 }))!;
        Assert.False(cut.Complete);
        Assert.Equal(Enumerable.Range(0, 120).Select(i => (double)i), Values(cut));
        HistoryPage rest = (await BookOf().ReadAsync(
            Pump, new HistoryQuery { From = cut.Telemetry["heat"][^1].SourceTime, Limit = 1_000 }))!;
        Assert.True(rest.Complete);
        Assert.Equal(Enumerable.Range(119, 182).Select(i => (double)i), Values(rest));
        HistoryPage range = (await BookOf().ReadAsync(
            Pump, new HistoryQuery { From = At(95), To = At(105), Telemetry = ["heat", "unheard"] }))!;
        Assert.Equal(Enumerable.Range(95, 10).Select(i => (double)i), Values(range));
        Assert.Empty(range.Telemetry["unheard"]);
        Assert.Equal(At(0), range.Oldest);
        Assert.Null(await BookOf().ReadAsync(new TwinId("pump", "nobody"), new HistoryQuery()));
    }

    [Fact]
    public async Task Pages_in_their_order_have_every_reading_once_whatever_the_limit()
    {
        // Up to 12 readings of one time, some of them late, a part of them sealed.
        Random random = new(5);
        double[] times = [.. Enumerable.Range(0, 90).Select(i => Math.Floor(i / 8.0) - (random.Next(6) == 0 ? 2 : 0))];
        for (int i = 0; i < times.Length; i++)
        {
            await SendAsync(20, i, ts: times[i], seq: i, epoch: 1);
            if (i is 30 or 60)
            {
                await SealAsync();
            }
        }

        double[] whole = Values((await BookOf().ReadAsync(Pump, new HistoryQuery()))!);
        Assert.Equal(times.Length, whole.Distinct().Count());
        foreach (int limit in Enumerable.Range(1, 14))
        {
            List<double> paged = [];
            HistoryPage page;
            HistoryQuery query = new() { Limit = limit, Telemetry = ["heat"] };
            do
            {
                page = (await BookOf().ReadAsync(Pump, query))!;
                Assert.InRange(page.Telemetry["heat"].Count, 1, limit);
                Assert.Equal(page.Complete, page.Cursor is null);
                paged.AddRange(Values(page));
                query = query with { Cursor = page.Cursor };
            }
            while (page.Cursor is not null && paged.Count <= whole.Length);

            Assert.Equal(whole, paged);
        }
    }

    [Fact]
    public async Task What_is_sealed_and_older_than_it_is_kept_is_not_shown_and_the_oldest_is_what_is()
    {
        for (int i = 0; i <= 100; i++)
        {
            await SendAsync(i, i);
        }

        await SealAsync();
        _clock.Advance(TimeSpan.FromDays(30) + TimeSpan.FromSeconds(50.5));
        HistoryPage page = (await BookOf().ReadAsync(Pump, new HistoryQuery { From = At(90) }))!;
        Assert.Equal(At(51), page.Oldest);
        Assert.Equal(
            Enumerable.Range(51, 50).Select(i => (double)i),
            Values((await BookOf().ReadAsync(Pump, new HistoryQuery()))!));
    }

    [Fact]
    public async Task Thinned_out_no_peak_and_no_trough_of_any_span_is_lost()
    {
        Random random = new(3);
        double[] values = [.. Enumerable.Range(0, 3_000).Select(_ => Math.Round(random.NextDouble() * 100, 1))];
        (values[777], values[1_500], values[2_950]) = (500, -500, 900);
        for (int i = 0; i < values.Length; i++)
        {
            await SendAsync(i, values[i]);
            if (i == 2_000)
            {
                await SealAsync();
            }
        }

        foreach (int points in new[] { 4, 10, 100, 999, 10_000 })
        {
            HistoryPage page = (await BookOf().ReadAsync(Pump, new HistoryQuery { MaxPoints = points }))!;
            IReadOnlyList<HistoryReading> thin = page.Telemetry["heat"];
            Assert.InRange(thin.Count, Math.Min(points, values.Length) / 3, Math.Min(points, values.Length));
            Assert.Equal((900, -500), (thin.Max(r => r.Value.Number), thin.Min(r => r.Value.Number)));
            Assert.Equal((At(0), At(2_999)), (thin[0].SourceTime, thin[^1].SourceTime));
            Assert.All(thin, r => Assert.Equal(values[(r.Time - Noon) / 1_000_000], r.Value.Number));
            Assert.Equal(thin.Select(r => r.Time), thin.Select(r => r.Time).Order());
            Assert.True(page.Complete);
        }
    }

    [Fact]
    public async Task What_was_older_on_arrival_than_it_is_kept_is_not_sealed()
    {
        await SendAsync(0, 20.0);
        await SendAsync(1, 1.0, ts: -31 * 86_400, historical: true);
        await SealAsync();
        Assert.Equal(["0 20 good None"], await ReadAsync());
    }

    [Fact]
    public async Task Every_answer_has_each_acknowledged_reading_once_while_logs_are_sealed_and_swept()
    {
        int acknowledged = 0;
        Task writing = Task.Run(async () =>
        {
            for (int i = 0; i < 1_500; i++)
            {
                await SendAsync(i, i);
                Volatile.Write(ref acknowledged, i + 1);
                if (i % 70 == 69)
                {
                    await SealAsync();
                }

                if (i % 10 == 0)
                {
                    await _store.ReclaimAsync(CancellationToken.None);
                }
            }
        });
        int answers = 0;
        while (!writing.IsCompleted || answers == 0)
        {
            int before = Volatile.Read(ref acknowledged);
            if (before > 0)
            {
                double[] values = Values((await BookOf().ReadAsync(Pump, new HistoryQuery()))!);
                Assert.InRange(values.Length, before, 1_500);
                Assert.Equal(Enumerable.Range(0, values.Length).Select(i => (double)i), values);
                answers++;
            }
        }

        await writing;
    }

    private HistoryBook BookOf() => new(_store, _kinds, new FixedLimits(new LimitOptions()), _clock);

    private static DateTimeOffset At(double seconds) => UnixMicroseconds.ToDateTimeOffset(Time(seconds));

    private static long Time(double seconds) => Noon + (long)(seconds * UnixMicroseconds.PerSecond);

    private static double[] Values(HistoryPage page) => [.. page.Telemetry["heat"].Select(r => r.Value.Number)];

    private async Task<string[]> ReadAsync()
    {
        HistoryPage page = (await BookOf().ReadAsync(Pump, new HistoryQuery()))!;
        return [.. page.Telemetry["heat"].Select(r => FormattableString.Invariant(
            $"{(r.Time - Noon) / 1_000_000} {(r.Value.Type == TelemetryType.None ? "none" : r.Value.Number)} ")
            + $"{(r.Quality == Quality.Good ? "good" : "bad")} {r.Flags}")];
    }

    private async Task SendAsync(
        double received,
        double? value,
        double? ts = null,
        long? seq = null,
        long? epoch = null,
        bool historical = false)
    {
        ReadingWriter writer = new();
        writer.BeginMessage(new MessageHeader
        {
            Received = Time(received),
            Time = ts is { } time ? Time(time) : null,
            Seq = seq,
            Epoch = epoch,
            Historical = historical,
        });
        if (value is { } number)
        {
            writer.Number("heat"u8, number);
        }
        else
        {
            writer.NoValue("heat"u8);
        }

        writer.EndMessage();
        TurnHeader header = new()
        {
            Mode = ControlMode.Act,
            DefinitionRevision = 0,
            LiveWindow = 60 * UnixMicroseconds.PerSecond,
            MaxNames = 16,
            MaxSources = 2,
        };
        byte[] row = new byte[TurnHeader.Size + writer.Written.Length];
        header.Write(row);
        writer.Written.CopyTo(row.AsMemory(TurnHeader.Size));
        TwinFold.Apply(_state, header, writer.Written.Span, _effects);
        _effects.Clear();
        _state.Revision++;
        TwinTurn turn = new()
        {
            Twin = Pump,
            Revision = _state.Revision,
            Time = Time(received),
            FoldVersion = TwinFold.Version,
            Inputs = row,
        };
        Assert.Equal([CommitOutcome.Committed], await _store.CommitAsync([turn], [], CancellationToken.None));
    }

    private async Task SealAsync()
    {
        StoredSnapshot snapshot = new()
        {
            Twin = Pump,
            Revision = _state.Revision,
            FoldVersion = TwinFold.Version,
            State = StateWriter.Write(_state),
        };
        await _store.CommitAsync([], [snapshot], CancellationToken.None);
        PartSealer sealer = new(_store, _kinds, new FixedLimits(new LimitOptions()), _clock, NullLogger.Instance);
        (SealOutcome outcome, _) = await sealer.SealAsync(Pump, 1, 0, CancellationToken.None);
        Assert.Equal(SealOutcome.Sealed, outcome);
    }
}
