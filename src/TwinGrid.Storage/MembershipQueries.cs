namespace TwinGrid.Storage;

/// <summary>
/// What the queries of Orleans' ADO.NET clustering have in common in every database. A row belongs to one life of a
/// silo: address, port and generation.
/// </summary>
internal static class MembershipQueries
{
    /// <summary>Which silo.</summary>
    public const string Row =
        "DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation";

    /// <summary>What is known of a silo, but for its cluster.</summary>
    public const string Columns =
        "Address, Port, Generation, SiloName, HostName, Status, ProxyPort, SuspectTimes, StartTime, IAmAliveTime";

    /// <summary>Those that are the same text everywhere, by Orleans' names.</summary>
    public static IReadOnlyList<(string Key, string Text)> Same { get; } =
    [
        ("MembershipReadRowKey", $"""
            SELECT v.DeploymentId, {Columns}, v.Version FROM OrleansMembershipVersionTable v
            LEFT JOIN (SELECT * FROM OrleansMembershipTable WHERE {Row}) m ON m.DeploymentId = v.DeploymentId
            WHERE v.DeploymentId = @DeploymentId
            """),
        ("MembershipReadAllKey", $"""
            SELECT v.DeploymentId, {Columns}, v.Version FROM OrleansMembershipVersionTable v
            LEFT JOIN OrleansMembershipTable m ON m.DeploymentId = v.DeploymentId
            WHERE v.DeploymentId = @DeploymentId
            """),
        ("DeleteMembershipTableEntriesKey", """
            DELETE FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId;
            DELETE FROM OrleansMembershipVersionTable WHERE DeploymentId = @DeploymentId;
            """),
        ("GatewaysQueryKey", """
            SELECT Address, ProxyPort, Generation FROM OrleansMembershipTable
            WHERE DeploymentId = @DeploymentId AND Status = @Status AND ProxyPort > 0
            """),
    ];
}
