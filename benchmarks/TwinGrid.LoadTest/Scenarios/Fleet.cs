using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Mqtt;
using TwinGrid.LoadTest.Servers;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>Devices, each a twin, dealt over connections.</summary>
internal sealed class Fleet
{
    private readonly LoadOptions _options;
    private readonly LoadFormat _format;

    /// <summary>Makes as many devices as the options say.</summary>
    /// <param name="options">How many, and what their messages are like.</param>
    /// <param name="prefix">Begins the key of each.</param>
    public Fleet(LoadOptions options, string prefix)
    {
        _options = options;
        _format = new(options.Mqtt, options.Qos, options.Readings, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        Devices =
        [
            .. Enumerable.Range(0, options.Devices)
                .Select(i => new LoadDevice($"{LoadKind.Name}/{prefix}{i}", _format)),
        ];
    }

    /// <summary>The devices.</summary>
    public LoadDevice[] Devices { get; }

    /// <summary>Connects them.</summary>
    public LoadConnection[] Connect(Uri target, LoadTally tally)
    {
        var connections = new LoadConnection[_options.Connections];
        for (int i = 0; i < connections.Length; i++)
        {
            LoadDevice[] its = [.. Devices.Where((_, device) => device % connections.Length == i)];
            connections[i] = new LoadConnection(its, _format, tally);
            connections[i].Connect(target, $"load-{i}");
        }

        return connections;
    }
}
