using System.Net;

namespace TwinGrid.Tests.Storage.PostgreSql;

/// <summary>Where a PostgreSQL of the tests is.</summary>
/// <param name="Address">The address that it listens on.</param>
/// <param name="Under">
/// The program and its arguments that its programs are started under and that become them, such as
/// <c>ip netns exec NAME</c>; none where they need none.
/// </param>
internal sealed record PostgreSqlPlace(IPAddress Address, IReadOnlyList<string> Under)
{
    /// <summary>On loopback.</summary>
    public static PostgreSqlPlace Loopback { get; } = new(IPAddress.Loopback, []);
}
