using Microsoft.Data.Sqlite;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Durability;

/// <summary>The durable log as it lies on the disk, read with nothing of the grid.</summary>
internal static class TurnLog
{
    /// <summary>The revisions of each twin in the order of the log.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<long>> Revisions(SiloHome home)
    {
        var source = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(home.Data, "twingrid.db"),
            Pooling = false,
        };
        using var connection = new SqliteConnection(source.ToString());
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText =
            "SELECT kind || '/' || key, revision FROM turn JOIN twin USING (twin_id) ORDER BY turn_id";
        using SqliteDataReader row = command.ExecuteReader();
        Dictionary<string, List<long>> revisions = [];
        while (row.Read())
        {
            string twin = row.GetString(0);
            if (!revisions.TryGetValue(twin, out List<long>? list))
            {
                revisions[twin] = list = [];
            }

            list.Add(row.GetInt64(1));
        }

        return revisions.ToDictionary(static pair => pair.Key, static IReadOnlyList<long> (pair) => pair.Value);
    }
}
