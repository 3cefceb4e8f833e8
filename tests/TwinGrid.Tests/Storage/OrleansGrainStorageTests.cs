using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;
using Orleans.TestingHost;
using TwinGrid.Storage.PostgreSql;
using TwinGrid.Storage.Sqlite;
using TwinGrid.Tests.Storage.PostgreSql;

namespace TwinGrid.Tests.Storage;

/// <summary>A silo with Orleans' own ADO.NET grain storage on our tables and queries.</summary>
public abstract class GrainStorageSilo : IAsyncLifetime
{
    public const string Keeping = "keeping";
    public const string Deleting = "deleting";

    private InProcessTestCluster _cluster = null!;

    public IClusterClient Client => _cluster.Client;

    public virtual async ValueTask InitializeAsync()
    {
        await CreateAsync();
        InProcessTestClusterBuilder builder = new(1);
        builder.Options.ServiceId = "twingrid";
        builder.ConfigureSilo((_, silo) =>
        {
            AddStorage(silo, Keeping, deleteOnClear: false);
            AddStorage(silo, Deleting, deleteOnClear: true);
        });
        _cluster = builder.Build();
        await _cluster.DeployAsync();
    }

    public async Task RestartAsync()
    {
        await _cluster.DisposeAsync();
        await InitializeAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }

    public IGrainStorage Storage(string name) =>
        _cluster.GetSiloServiceProvider().GetRequiredKeyedService<IGrainStorage>(name);

    public abstract Task<object?> QueryAsync(string sql);

    protected abstract Task CreateAsync();

    protected abstract void Configure(AdoNetGrainStorageOptions options);

    private void AddStorage(ISiloBuilder silo, string name, bool deleteOnClear) =>
        silo.AddAdoNetGrainStorage(name, options =>
        {
            Configure(options);
            options.DeleteStateOnClear = deleteOnClear;
        });
}

public sealed class SqliteGrainStorageSilo : GrainStorageSilo
{
    private readonly StoreDirectory _directory = new();

    private string ConnectionString => OrleansSqliteSchema.ConnectionString(_directory.Path);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        using (SqliteConnection connection = new(ConnectionString))
        {
            SqliteConnection.ClearPool(connection);
        }

        _directory.Dispose();
    }

    public override async Task<object?> QueryAsync(string sql)
    {
        await using SqliteConnection connection = new(ConnectionString);
        await connection.OpenAsync();
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync();
    }

    protected override Task CreateAsync() => OrleansSqliteSchema.CreateAsync(ConnectionString);

    protected override void Configure(AdoNetGrainStorageOptions options)
    {
        options.Invariant = OrleansSqliteSchema.Invariant;
        options.ConnectionString = ConnectionString;
    }
}

public sealed class PostgreSqlGrainStorageSilo : GrainStorageSilo
{
    private readonly PostgreSqlHome _home = new();

    public override async ValueTask InitializeAsync()
    {
        await _home.InitializeAsync();
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _home.DisposeAsync();
    }

    public override Task<object?> QueryAsync(string sql) => _home.ReadAsync(sql);

    // Ten at once, as silos of a cluster that start together.
    protected override Task CreateAsync() => Task.WhenAll(Enumerable.Range(0, 10).Select(
        _ => Task.Run(() => OrleansPostgreSqlSchema.CreateAsync(_home.ConnectionString, TimeProvider.System))));

    protected override void Configure(AdoNetGrainStorageOptions options)
    {
        options.Invariant = OrleansPostgreSqlSchema.Invariant;
        options.ConnectionString = OrleansPostgreSqlSchema.ConnectionString(_home.ConnectionString);
    }
}

public sealed class SqliteGrainStorageTests(SqliteGrainStorageSilo silo)
    : OrleansGrainStorageTests(silo), IClassFixture<SqliteGrainStorageSilo>
{
    private readonly SqliteGrainStorageSilo _silo = silo;

    [Fact]
    public async Task Its_commits_are_synced() =>
        // 2 is FULL; the provider opens connections like this one and sets nothing.
        Assert.Equal(2L, await _silo.QueryAsync("PRAGMA synchronous"));
}

public sealed class PostgreSqlGrainStorageTests(PostgreSqlGrainStorageSilo silo)
    : OrleansGrainStorageTests(silo), IClassFixture<PostgreSqlGrainStorageSilo>;

/// <summary>What Orleans expects of grain storage, on each database.</summary>
public abstract class OrleansGrainStorageTests(GrainStorageSilo silo)
{
    private const string Keeping = GrainStorageSilo.Keeping;
    private const string Deleting = GrainStorageSilo.Deleting;

    [Fact]
    public async Task State_is_written_read_and_overwritten()
    {
        GrainId grain = GrainId.Create("catalogue", "default");
        GrainState<Catalogue> writer = new(new Catalogue { Twins = ["turbine/t07"] });
        await Storage(Keeping).WriteStateAsync("twins", grain, writer);
        Assert.True(writer.RecordExists);

        writer.State!.Twins.Add("turbine/t08");
        await Storage(Keeping).WriteStateAsync("twins", grain, writer);
        GrainState<Catalogue> reader = await ReadAsync(Keeping, grain);

        Assert.Equal(["turbine/t07", "turbine/t08"], reader.State!.Twins);
        Assert.Equal(writer.ETag, reader.ETag);
        Assert.True(reader.RecordExists);
    }

    [Fact]
    public async Task State_that_was_never_written_is_empty()
    {
        GrainState<Catalogue> reader = await ReadAsync(Keeping, GrainId.Create("catalogue", "nobody"));

        Assert.Empty(reader.State!.Twins);
        Assert.False(reader.RecordExists);
        Assert.Null(reader.ETag);
    }

    [Theory]
    [InlineData(Keeping)]
    [InlineData(Deleting)]
    public async Task Cleared_state_is_empty_and_can_be_written_again(string provider)
    {
        GrainId grain = GrainId.Create("catalogue", $"cleared by {provider}");
        GrainState<Catalogue> state = new(new Catalogue { Twins = ["turbine/t07"] });
        await Storage(provider).WriteStateAsync("twins", grain, state);

        await Storage(provider).ClearStateAsync("twins", grain, state);
        Assert.False(state.RecordExists);
        Assert.Empty((await ReadAsync(provider, grain)).State!.Twins);
        Assert.Equal(provider == Deleting ? 0L : 1L, await RowsAsync($"cleared by {provider}"));

        state.State = new Catalogue { Twins = ["turbine/t09"] };
        await Storage(provider).WriteStateAsync("twins", grain, state);
        Assert.Equal(["turbine/t09"], (await ReadAsync(provider, grain)).State!.Twins);
        Assert.Equal(1L, await RowsAsync($"cleared by {provider}"));
    }

    [Theory]
    [InlineData(Keeping)]
    [InlineData(Deleting)]
    public async Task A_write_or_a_clear_with_an_old_version_is_refused(string provider)
    {
        GrainId grain = GrainId.Create("catalogue", $"contended by {provider}");
        GrainState<Catalogue> first = new(new Catalogue { Twins = ["first"] });
        await Storage(provider).WriteStateAsync("twins", grain, first);
        GrainState<Catalogue> second = await ReadAsync(provider, grain);
        GrainState<Catalogue> third = await ReadAsync(provider, grain);
        second.State!.Twins.Add("second");
        await Storage(provider).WriteStateAsync("twins", grain, second);

        await Assert.ThrowsAsync<InconsistentStateException>(
            () => Storage(provider).WriteStateAsync("twins", grain, first));
        await Assert.ThrowsAsync<InconsistentStateException>(
            () => Storage(provider).ClearStateAsync("twins", grain, third));
        Assert.Equal(["first", "second"], (await ReadAsync(provider, grain)).State!.Twins);
    }

    [Fact]
    public async Task A_write_to_state_that_another_has_deleted_is_refused()
    {
        GrainId grain = GrainId.Create("catalogue", "gone");
        GrainState<Catalogue> state = new(new Catalogue { Twins = ["first"] });
        await Storage(Deleting).WriteStateAsync("twins", grain, state);
        GrainState<Catalogue> stale = await ReadAsync(Deleting, grain);
        await Storage(Deleting).ClearStateAsync("twins", grain, state);

        await Assert.ThrowsAsync<InconsistentStateException>(
            () => Storage(Deleting).WriteStateAsync("twins", grain, stale));
        Assert.Equal(0L, await RowsAsync("gone"));
    }

    [Fact]
    public async Task Of_two_first_writes_at_once_one_wins()
    {
        IGrainStorage storage = Storage(Keeping);
        for (int round = 0; round < 20; round++)
        {
            GrainId grain = GrainId.Create("catalogue", $"raced{round}");
            GrainState<Catalogue>[] states =
                [.. Enumerable.Range(0, 4).Select(i => new GrainState<Catalogue>(new Catalogue { Twins = [$"{i}"] }))];

            bool[] won = await Task.WhenAll(
                states.Select(state => Task.Run(() => TryWriteAsync(storage, grain, state))));

            int winner = Array.IndexOf(won, true);
            Assert.Single(won, true);
            Assert.Equal(states[winner].State!.Twins, (await ReadAsync(Keeping, grain)).State!.Twins);
        }

        Assert.Equal(20L, await RowsAsync("raced%"));
    }

    [Fact]
    public async Task Grains_with_every_sort_of_key_and_state_name_are_kept_apart()
    {
        Guid guid = Guid.Parse("0190163d-8694-739b-aea5-966c26f8ad90");
        GrainId[] grains =
        [
            GrainId.Create(GrainType.Create("catalogue"), GrainIdKeyExtensions.CreateGuidKey(guid)),
            GrainId.Create(GrainType.Create("catalogue"), GrainIdKeyExtensions.CreateGuidKey(guid, "extension")),
            GrainId.Create(GrainType.Create("catalogue"), GrainIdKeyExtensions.CreateIntegerKey(-5)),
            GrainId.Create(GrainType.Create("catalogue"), GrainIdKeyExtensions.CreateIntegerKey(-5, "extension")),
            GrainId.Create("catalogue", "default/turbine/t07"),
        ];
        foreach (string name in (string[])["twins", "kinds"])
        {
            foreach (GrainId grain in grains)
            {
                GrainState<Catalogue> state = new(new Catalogue { Twins = [$"{name} {grain}"] });
                await Storage(Keeping).WriteStateAsync(name, grain, state);
            }
        }

        foreach (GrainId grain in grains)
        {
            Assert.Equal([$"twins {grain}"], (await ReadAsync(Keeping, grain)).State!.Twins);
        }
    }

    [Fact]
    public async Task A_grain_finds_its_state_after_the_silo_was_restarted()
    {
        await silo.Client.GetGrain<ICatalogueGrain>("restarted").AddAsync("turbine/t07");
        await silo.RestartAsync();

        ICatalogueGrain grain = silo.Client.GetGrain<ICatalogueGrain>("restarted");
        await grain.AddAsync("turbine/t08");

        Assert.Equal(["turbine/t07", "turbine/t08"], await grain.ListAsync());
    }

    private static async Task<bool> TryWriteAsync(IGrainStorage storage, GrainId grain, GrainState<Catalogue> state)
    {
        try
        {
            await storage.WriteStateAsync("twins", grain, state);
            return true;
        }
        catch (InconsistentStateException)
        {
            return false;
        }
    }

    private IGrainStorage Storage(string name) => silo.Storage(name);

    private async Task<GrainState<Catalogue>> ReadAsync(string provider, GrainId grain)
    {
        GrainState<Catalogue> state = new(new Catalogue());
        await Storage(provider).ReadStateAsync("twins", grain, state);
        return state;
    }

    private async Task<long> RowsAsync(string key) => (long)(await silo.QueryAsync(
        $"SELECT count(*) FROM OrleansStorage WHERE GrainIdExtensionString LIKE '{key}'"))!;
}

public interface ICatalogueGrain : IGrainWithStringKey
{
    Task AddAsync(string twin);

    Task<List<string>> ListAsync();
}

public sealed class CatalogueGrain([PersistentState("twins", "keeping")] IPersistentState<Catalogue> state)
    : Grain, ICatalogueGrain
{
    public Task AddAsync(string twin)
    {
        state.State.Twins.Add(twin);
        return state.WriteStateAsync();
    }

    public Task<List<string>> ListAsync() => Task.FromResult(state.State.Twins);
}

[GenerateSerializer]
public sealed class Catalogue
{
    [Id(0)]
    public List<string> Twins { get; set; } = [];
}
