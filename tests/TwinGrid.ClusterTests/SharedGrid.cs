using TwinGrid.ClusterTests;
using TwinGrid.ClusterTests.Processes;

[assembly: AssemblyFixture(typeof(SharedGrid))]

namespace TwinGrid.ClusterTests;

/// <summary>One silo process that many tests use, each with twins of its own: a start costs seconds.</summary>
public sealed class SharedGrid : IAsyncLifetime
{
    private readonly SiloHome _home = new("pump", "engine");
    private SiloProcess? _silo;

    internal SiloProcess Silo => _silo!;

    internal GridApi Api => Silo.Api;

    internal int MqttPort => Silo.MqttPort;

    public async ValueTask InitializeAsync() => _silo = await SiloProcess.StartAsync(_home);

    public async ValueTask DisposeAsync()
    {
        if (_silo is not null)
        {
            await _silo.DisposeAsync();
        }

        _home.Dispose();
    }
}
