using TwinGrid.LoadTest.Measuring;
using TwinGrid.LoadTest.Mqtt;
using TwinGrid.LoadTest.Reporting;
using TwinGrid.LoadTest.Servers;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>Many clients of a server, and what it costs to have them.</summary>
internal sealed class Crowd(LoadTarget target, int version) : IDisposable
{
    private const int AtOnce = 64;
    private const int WarmUpClients = 200;

    // Longer than any run: a client that rests sends nothing.
    private const ushort KeepAliveSeconds = 3_600;

    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SettlesEvery = TimeSpan.FromSeconds(1);
    private const int SettlesAtMost = 15;
    private const double SettledChange = 0.002;

    private readonly ResourceMeter _meter = target.Meter();

    /// <summary>The meter of the server.</summary>
    public ResourceMeter Meter => _meter;

    /// <summary>How a client of this crowd connects.</summary>
    public ConnectSettings Settings(int number, bool clean = true) =>
        new($"crowd-{number}", version, clean, KeepAliveSeconds);

    /// <summary>
    /// Has some clients come and go first: what a server needs once, its code and its pools, is no client's.
    /// </summary>
    public async Task WarmUpAsync()
    {
        RestingClient[] clients = await ComeAsync(WarmUpClients, RestAsync);
        Array.ForEach(clients, static client => client.Dispose());
    }

    /// <summary>Has clients come, some at once.</summary>
    public async Task<RestingClient[]> ComeAsync(int count, Func<RestingClient, Task> comeAsync)
    {
        var clients = new RestingClient[count];
        int done = 0;
        await Parallel.ForAsync(
            0,
            count,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (i, _) =>
            {
                clients[i] = new RestingClient(i, version);
                await comeAsync(clients[i]);
                if (Interlocked.Increment(ref done) % 1_000 == 0)
                {
                    ProgressLine.Say($"  {target.Name}  {done} of {count} clients are there");
                }
            });
        ProgressLine.Clear();
        return clients;
    }

    /// <summary>Connects and subscribes to commands, as a device does that then rests.</summary>
    public async Task RestAsync(RestingClient client)
    {
        using var patience = new CancellationTokenSource(AnswersWithin);
        try
        {
            await client.OpenAsync(target.Mqtt, patience.Token);
            ConnectAnswer answer = await client.ConnectAsync(Settings(client.Number), patience.Token);
            if (answer.Code != 0)
            {
                throw new NoResult($"{target.Name} refused client {client.Number} with code 0x{answer.Code:X2}");
            }

            await client.SubscribeAsync(CommandsOf(client), patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new NoResult(
                $"{target.Name} did not answer client {client.Number} within {AnswersWithin.TotalSeconds:0} s");
        }
    }

    /// <summary>The filter of a client's own commands.</summary>
    public static string CommandsOf(RestingClient client) => $"twins/{LoadKind.Name}/d{client.Number}/commands/+";

    /// <summary>How many of the clients get an answer to a PINGREQ.</summary>
    public static async Task<int> AliveAsync(RestingClient[] clients)
    {
        int alive = 0;
        await Parallel.ForEachAsync(
            clients,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (client, _) =>
            {
                using var patience = new CancellationTokenSource(AnswersWithin);
                if (await client.PingAsync(patience.Token))
                {
                    Interlocked.Increment(ref alive);
                }
            });
        return alive;
    }

    /// <summary>The server's memory when it has collected its garbage and changes no more.</summary>
    public async Task<MemoryReading> SettleAsync()
    {
        ProgressLine.Say($"  {target.Name}  settling");
        if (target.Process is { Kind: not KnownServers.Mosquitto } process)
        {
            await ForcedCollection.RunAsync(process.Id);
        }

        double rss = _meter.RssBytes();
        for (int i = 0; i < SettlesAtMost; i++)
        {
            await Task.Delay(SettlesEvery);
            double before = rss;
            rss = _meter.RssBytes();
            if (double.IsNaN(rss) || Math.Abs(rss - before) <= before * SettledChange)
            {
                break;
            }
        }

        ProgressLine.Clear();
        return new MemoryReading(rss, await _meter.HeapBytesAsync());
    }

    public void Dispose() => _meter.Dispose();
}

/// <summary>A server's memory.</summary>
/// <param name="Rss">Bytes of memory that it has; NaN where it cannot be known.</param>
/// <param name="Heap">Bytes of its garbage-collected heap; NaN where it does not tell.</param>
internal readonly record struct MemoryReading(double Rss, double Heap);
