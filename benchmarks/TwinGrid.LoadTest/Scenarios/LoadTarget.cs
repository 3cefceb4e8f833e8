using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Measuring;
using TwinGrid.LoadTest.Servers;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>What is loaded.</summary>
/// <param name="Mqtt">mqtt://host:port.</param>
/// <param name="Api">http://host:port of a grid's API; null for none.</param>
/// <param name="Process">Its process; null where it is not ours.</param>
internal sealed record LoadTarget(Uri Mqtt, Uri? Api, ServerProcess? Process) : IAsyncDisposable
{
    /// <summary>Further silos of the same grid.</summary>
    public IReadOnlyList<ServerProcess> Others { get; init; } = [];

    /// <summary>Its name in the reports.</summary>
    public string Name => Process?.Name ?? Mqtt.ToString();

    /// <summary>Where devices connect, in turns; default the first address alone.</summary>
    public IReadOnlyList<Uri> Entrances { get; init; } = [Mqtt];

    /// <summary>The one that runs already, or a server that is started and goes in the end.</summary>
    public static async Task<LoadTarget> OfAsync(LoadOptions options) => options.Target is { } target
        ? new LoadTarget(target, options.Api, null)
        : Of(await KnownServers.StartAsync(options.Server.FirstOrDefault(KnownServers.Grid), options));

    /// <summary>A server that was started.</summary>
    public static LoadTarget Of(ServerProcess process) => new(process.Address.Mqtt, process.Address.Api, process);

    /// <summary>A meter of all its processes.</summary>
    public ResourceMeter Meter()
    {
        ServerProcess[] ours = Process is null ? [] : [Process, .. Others];
        Uri?[] apis = [Api, .. Others.Select(static silo => silo.Address.Api)];
        return new ResourceMeter([.. ours.Select(static silo => silo.Id)], [.. apis.OfType<Uri>()]);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ServerProcess silo in Others)
        {
            await silo.DisposeAsync();
        }

        if (Process is not null)
        {
            await Process.DisposeAsync();
        }
    }
}
