namespace TwinGrid.Storage.Log;

/// <summary>What every store asks of changes of sessions.</summary>
internal static class StoredSessions
{
    /// <summary>Refuses a change that holds the session of another client.</summary>
    public static void EnsureOwn(IReadOnlyList<SessionChange> changes)
    {
        if (changes.FirstOrDefault(change => change.Session is { } s && s.Client != change.Client) is { } odd)
        {
            throw new ArgumentException(
                $"A change of the session of '{odd.Client}' holds that of '{odd.Session!.Client}'.", nameof(changes));
        }
    }

    /// <summary>What is wrong with a row; null where nothing is.</summary>
    public static string? Damage(long version, uint stored, StoredSession session) =>
        LogRow.Fault(version, stored, LogRow.Checksum(session));
}
