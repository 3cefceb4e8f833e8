using TwinGrid.Tests.Storage.PostgreSql;

[assembly: AssemblyFixture(typeof(PostgreSqlCluster))]

namespace TwinGrid.Tests.Storage.PostgreSql;

/// <summary>Ends the assembly's PostgreSQL after the tests; it starts with the first that needs it.</summary>
public sealed class PostgreSqlCluster : IAsyncDisposable
{
    public async ValueTask DisposeAsync() => await PostgreSqlServer.EndSharedAsync();
}
