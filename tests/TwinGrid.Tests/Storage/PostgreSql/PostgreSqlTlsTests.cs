using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using TwinGrid.Storage.PostgreSql;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage.PostgreSql;

/// <summary>A server that speaks TLS: what the connection string asks for is done.</summary>
public sealed class PostgreSqlTlsTests
{
    [Fact]
    public async Task A_server_is_spoken_to_by_TLS_and_one_of_another_name_is_not_trusted()
    {
        await using PostgreSqlServer server = await PostgreSqlServer.StartOwnAsync();
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string certificate = Certificate(key, IPAddress.Loopback);
        await server.SecureAsync(certificate, key.ExportPkcs8PrivateKeyPem());
        using TemporaryFile root = new(certificate);
        await using (PostgreSqlTwinStore store = Store(server, $"SSL Mode=VerifyFull;Root Certificate={root.Path}"))
        {
            // The server hears of its certificate a moment after it is told to.
            await WaitForTlsAsync(server, root.Path);
            await store.InitializeAsync(CancellationToken.None);
            Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(Turbine, 1)));
            Assert.Single((await store.Load(Turbine)).Tail);
            Assert.Equal(
                (true, true),
                await ReadAsync(
                    server,
                    "SELECT count(*) > 1, bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) "
                    + "WHERE a.application_name LIKE 'twingrid %'"));
        }

        using TemporaryFile other = new(Certificate(ECDsa.Create(ECCurve.NamedCurves.nistP256), IPAddress.Loopback));
        await using PostgreSqlTwinStore deceived = Store(
            server, $"SSL Mode=VerifyFull;Root Certificate={other.Path}");
        TwinGridException refused = await Assert.ThrowsAsync<TwinGridException>(
            () => deceived.InitializeAsync(CancellationToken.None));
        Assert.StartsWith("TwinGrid:Storage:ConnectionString: ", refused.Message, StringComparison.Ordinal);
    }

    private static string Certificate(ECDsa key, IPAddress address)
    {
        CertificateRequest request = new("CN=database", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(address);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return made.ExportCertificatePem();
    }

    private static PostgreSqlTwinStore Store(PostgreSqlServer server, string security) => new(
        new PostgreSqlDatabase($"{server.ConnectionString};{security}"),
        new StoreOwner("twingrid", "silo", IsAlone: true),
        new LimitOptions(),
        TimeProvider.System,
        NullLogger<PostgreSqlTwinStore>.Instance);

    private static async Task WaitForTlsAsync(PostgreSqlServer server, string root)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                await using NpgsqlConnection connection = new(
                    $"{server.ConnectionString};SSL Mode=VerifyFull;Root Certificate={root};Pooling=false");
                await connection.OpenAsync(patience.Token);
                return;
            }
            catch (NpgsqlException) when (!patience.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, patience.Token);
            }
        }
    }

    private static async Task<(bool, bool)> ReadAsync(PostgreSqlServer server, string sql)
    {
        await using NpgsqlConnection connection = new($"{server.ConnectionString};Pooling=false");
        await connection.OpenAsync();
        await using NpgsqlCommand command = new(sql, connection);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        return (row.GetBoolean(0), row.GetBoolean(1));
    }

    private sealed class TemporaryFile : IDisposable
    {
        public TemporaryFile(string text) => File.WriteAllText(Path, text);

        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }
}
