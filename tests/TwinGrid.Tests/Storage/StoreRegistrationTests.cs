using Microsoft.Extensions.DependencyInjection;
using TwinGrid.Storage.Sqlite;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

public sealed class StoreRegistrationTests : IDisposable
{
    private readonly StoreDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_store_lives_in_the_data_directory_and_holds_it()
    {
        await using ServiceProvider services = new ServiceCollection()
            .AddSqliteTwinStore(_directory.Path)
            .BuildServiceProvider();
        ITwinStore store = services.GetRequiredService<ITwinStore>();
        await store.InitializeAsync(CancellationToken.None);
        await store.Commit(Turn(Turbine, 1));

        Assert.True(File.Exists(_directory.File));
        using ServiceProvider second = new ServiceCollection()
            .AddSqliteTwinStore(_directory.Path)
            .BuildServiceProvider();
        TwinGridException refused = Assert.Throws<TwinGridException>(() => second.GetRequiredService<ITwinStore>());
        Assert.Contains("already uses the data directory", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_directory_is_free_when_the_host_has_ended()
    {
        for (int run = 1; run <= 2; run++)
        {
            await using ServiceProvider services = new ServiceCollection()
                .AddSqliteTwinStore(_ => _directory.Path)
                .BuildServiceProvider();
            ITwinStore store = services.GetRequiredService<ITwinStore>();
            await store.InitializeAsync(CancellationToken.None);
            Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(Turbine, run)));
        }
    }

    [Fact]
    public void A_store_of_the_users_own_wins()
    {
        using ServiceProvider services = new ServiceCollection()
            .AddSingleton<ITwinStore, OwnStore>()
            .AddSqliteTwinStore(_directory.Path)
            .BuildServiceProvider();

        Assert.IsType<OwnStore>(services.GetRequiredService<ITwinStore>());
        Assert.False(File.Exists(_directory.File));
    }

    [Fact]
    public void Registering_twice_registers_once()
    {
        IServiceCollection services = new ServiceCollection()
            .AddSqliteTwinStore(_directory.Path)
            .AddSqliteTwinStore(_directory.Path);

        Assert.Single(services, service => service.ServiceType == typeof(ITwinStore));
    }

    private sealed class OwnStore : ITwinStore
    {
        public Task InitializeAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<StoredTwin> LoadAsync(TwinId twin, CancellationToken cancellationToken) =>
            Task.FromResult(new StoredTwin(null, []));

        public Task<IReadOnlyList<CommitOutcome>> CommitAsync(
            IReadOnlyList<TwinTurn> turns,
            IReadOnlyList<StoredSnapshot> snapshots,
            CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<CommitOutcome>>(new CommitOutcome[turns.Count]);

        public IAsyncEnumerable<TwinId> ReadDueAsync(CancellationToken cancellationToken) =>
            AsyncEnumerable.Empty<TwinId>();

        public Task<IReadOnlyList<TwinId>> ReadTwinsAsync(
            string? kind, TwinId? after, int limit, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<TwinId>>([]);

        public Task EraseAsync(TwinId twin, long beforeRevision, CancellationToken cancellationToken) =>
            Task.CompletedTask;

        public Task AppendDeadLettersAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken) =>
            Task.CompletedTask;

        public Task<IReadOnlyList<StoredDeadLetter>> ReadDeadLettersAsync(
            long? before, int limit, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<StoredDeadLetter>>([]);

        public Task SaveSessionsAsync(IReadOnlyList<SessionChange> changes, CancellationToken cancellationToken) =>
            Task.CompletedTask;

        public Task<StoredSession?> LoadSessionAsync(string client, CancellationToken cancellationToken) =>
            Task.FromResult<StoredSession?>(null);

        public IAsyncEnumerable<StoredSession> ReadSessionsAsync(CancellationToken cancellationToken) =>
            AsyncEnumerable.Empty<StoredSession>();
    }
}
