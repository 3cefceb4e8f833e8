using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// Appends dead letters and trims the oldest, in the writer's transaction. Ids rise without gaps, so that what lies
/// beyond the limit is known without counting rows.
/// </summary>
internal sealed class DeadLetterLog : IDisposable
{
    /// <summary>Bytes of a payload that are kept; the rest is only counted in its size.</summary>
    private const int SampleBytes = 1024;

    /// <summary>Letters beyond their age that one append takes away besides as many as it adds.</summary>
    private const int TrimAtOnce = 1_000;

    private readonly int _limit;
    private readonly long _keep;
    private readonly SqliteStatement _insert;
    private readonly SqliteStatement _trimOverflow;
    private readonly SqliteStatement _trimAge;

    public DeadLetterLog(SqliteConnection connection, LimitOptions limits)
    {
        _limit = limits.DeadLetters;
        _keep = limits.DeadLettersKeep.Microseconds;
        _insert = new(connection, """
            INSERT INTO dead_letter (record, time, topic, client, reason, detail, size, sample)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            """);
        _trimOverflow = new(
            connection, "DELETE FROM dead_letter WHERE letter_id <= (SELECT max(letter_id) FROM dead_letter) - ?1");
        _trimAge = new(connection, """
            DELETE FROM dead_letter WHERE time < ?1 AND letter_id IN
                (SELECT letter_id FROM dead_letter ORDER BY letter_id LIMIT ?2)
            """);
    }

    /// <summary>
    /// Appends letters and takes the oldest beyond <c>Limits:DeadLetters</c> and <c>Limits:DeadLettersKeep</c>.
    /// </summary>
    /// <returns>How many went.</returns>
    public long Append(IReadOnlyList<DeadLetter> letters, long now)
    {
        foreach (DeadLetter letter in letters)
        {
            ReadOnlySpan<byte> sample = letter.Sample.Span;
            _insert
                .Bind(1, LogRow.Version)
                .Bind(2, letter.Time)
                .Bind(3, letter.Topic)
                .Bind(4, letter.Client)
                .Bind(5, letter.Reason)
                .Bind(6, letter.Detail)
                .Bind(7, letter.Size)
                .Bind(8, sample[..Math.Min(sample.Length, SampleBytes)])
                .Run();
        }

        long trimmed = _trimOverflow.Bind(1, _limit).Run();
        return trimmed + _trimAge.Bind(1, now - _keep).Bind(2, letters.Count + TrimAtOnce).Run();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _insert.Dispose();
        _trimOverflow.Dispose();
        _trimAge.Dispose();
    }
}
