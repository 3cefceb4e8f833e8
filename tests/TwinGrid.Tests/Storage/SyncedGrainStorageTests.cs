using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;
using SQLitePCL;
using TwinGrid.Hosting.Startup;
using TwinGrid.Storage.Sqlite;
using TwinGrid.Tests.Hosting;

namespace TwinGrid.Tests.Storage;

/// <summary>Orleans' states on a disk that fails; that the process then ends is seen in the cluster tests.</summary>
public sealed class SyncedGrainStorageTests
{
    private static readonly GrainId s_grain = GrainId.Create("definitions", "default/pump");

    private readonly List<TwinGridException> _told = [];
    private readonly Disk _disk = new();

    [Theory]
    [InlineData(raw.SQLITE_IOERR_FSYNC)]
    [InlineData(raw.SQLITE_IOERR_DIR_FSYNC)]
    public async Task After_a_failed_sync_no_state_is_written_any_more(int code)
    {
        SyncedGrainStorage storage = Open();
        _disk.Fails = new SqliteException("disk I/O error", raw.SQLITE_IOERR, code);
        Assert.Same(_disk.Fails, await Assert.ThrowsAsync<SqliteException>(() => WriteAsync(storage)));
        Assert.Contains("orleans.db", Assert.Single(_told).Message, StringComparison.Ordinal);
        Assert.Contains("check the disk", _told[0].Message, StringComparison.Ordinal);
        _disk.Fails = null;

        Assert.Same(_told[0], await Assert.ThrowsAsync<TwinGridException>(() => WriteAsync(storage)));
        Assert.Same(_told[0], await Assert.ThrowsAsync<TwinGridException>(
            () => storage.ClearStateAsync("definition", s_grain, new GrainState<string>())));

        Assert.Equal(1, _disk.Writes);
        Assert.Single(_told);
        await storage.ReadStateAsync("definition", s_grain, new GrainState<string>());
    }

    [Fact]
    public async Task A_full_disk_is_no_broken_one()
    {
        SyncedGrainStorage storage = Open();
        _disk.Fails = new SqliteException("database or disk is full", raw.SQLITE_FULL, raw.SQLITE_FULL);
        await Assert.ThrowsAsync<SqliteException>(() => WriteAsync(storage));
        _disk.Fails = null;

        await WriteAsync(storage);

        Assert.Empty(_told);
    }

    [Fact]
    public async Task A_grid_on_SQLite_keeps_its_definitions_this_way()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync();

        Assert.IsType<SyncedGrainStorage>(grid.Services.GetRequiredKeyedService<IGrainStorage>(
            TwinsSiloBuilderExtensions.ControlPlaneStorage));
    }

    private SyncedGrainStorage Open() => new(
        _disk, failure => OrleansSqliteSchema.NoteIfBroken("data", failure, _told.Add, NullLogger.Instance));

    private static Task WriteAsync(SyncedGrainStorage storage) =>
        storage.WriteStateAsync("definition", s_grain, new GrainState<string>("content"));

    private sealed class Disk : IGrainStorage
    {
        public SqliteException? Fails { get; set; }

        public int Writes { get; private set; }

        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
            Task.CompletedTask;

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            Writes++;
            return Fails is null ? Task.CompletedTask : Task.FromException(Fails);
        }

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
            WriteStateAsync(stateName, grainId, grainState);
    }
}
