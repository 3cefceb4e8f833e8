using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.History;

/// <summary>
/// What verifying says of a row of sealed history, the same in every store: its checksum, that it can be unpacked, and
/// that what stands beside the packed bytes is true of them.
/// </summary>
internal static class HistoryRowCheck
{
    /// <summary>Judges a row and tells what is wrong with it.</summary>
    /// <param name="row">The row.</param>
    /// <param name="twin">Whose.</param>
    /// <param name="version">The version that it was written with.</param>
    /// <param name="stored">The checksum that stands beside it.</param>
    /// <param name="damage">Is told.</param>
    /// <param name="remedy">What an operator does about it.</param>
    public static void Run(
        HistoryRow row, TwinId twin, long version, uint stored, FoundDamage damage, string remedy)
    {
        if (LogRow.Fault(version, stored, row.Checksum(twin)) is { } fault)
        {
            damage.OfTwin(twin, row.FirstRevision, $"{Name(row)} is damaged: {fault}", remedy);
        }
        else if (!CanBeUnpacked(row, twin))
        {
            damage.OfTwin(twin, row.FirstRevision, $"{Name(row)} is damaged: it cannot be unpacked", remedy);
        }
    }

    /// <summary>The row's name for people.</summary>
    public static string Name(HistoryRow row) => row.Telemetry is null
        ? $"the segment of turns up to revision {row.LastRevision}"
        : $"the block of readings of {row.Telemetry} up to revision {row.LastRevision}";

    private static bool CanBeUnpacked(HistoryRow row, TwinId twin)
    {
        try
        {
            if (row.Telemetry is not null)
            {
                row.Readings();
                return true;
            }

            row.Turns(twin);
            row.Before(twin);
            return true;
        }
        catch (TwinGridException)
        {
            return false;
        }
    }
}
