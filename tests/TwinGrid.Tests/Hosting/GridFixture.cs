namespace TwinGrid.Tests.Hosting;

/// <summary>One grid for all tests of a class; each test uses twins of its own.</summary>
public sealed class GridFixture : IAsyncLifetime
{
    internal RunningGrid Grid { get; private set; } = null!;

    internal HttpClient Http => Grid.Http;

    public async ValueTask InitializeAsync() => Grid = await RunningGrid.StartAsync();

    public ValueTask DisposeAsync() => Grid.DisposeAsync();
}
