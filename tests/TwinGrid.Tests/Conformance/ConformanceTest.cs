using System.Diagnostics;

namespace TwinGrid.Tests.Conformance;

/// <summary>
/// What the tests of the suite share. They run at once on one server: each has topics and client identifiers of its
/// own. A test bears the statement that it checks (of MQTT 5.0; of MQTT 3.1.1 in the class that says so).
/// </summary>
public abstract class ConformanceTest(Brokers brokers) : IAsyncDisposable
{
    /// <summary>MQTT 5.0, for <see cref="OnAttribute"/>.</summary>
    protected const string Mqtt5 = "5";

    /// <summary>MQTT 3.1.1, for <see cref="OnAttribute"/>.</summary>
    protected const string Mqtt311 = "3.1.1";

    private static int s_tests;

    private readonly string _prefix = $"c{Interlocked.Increment(ref s_tests)}";
    private readonly List<RawClient> _clients = [];

    /// <summary>A topic of this test alone.</summary>
    protected string Topic(string rest) => $"{_prefix}/{rest}";

    /// <summary>A client identifier of this test alone: up to 23 letters and digits.</summary>
    protected string Id(string name) => $"{_prefix}{name}";

    /// <summary>Opens a connection to a server such as <c>mosquitto 5</c>, without a CONNECT.</summary>
    private protected async Task<RawClient> OpenAsync(string on)
    {
        string[] words = on.Split(' ');
        RawClient client =
            await RawClient.OpenAsync(await brokers.PortAsync(words[0]), words[1] == Mqtt5 ? 5 : 4);
        _clients.Add(client);
        return client;
    }

    /// <summary>Opens a connection and connects.</summary>
    private protected async Task<RawClient> ConnectAsync(string on, string name, PropertyList? properties = null) =>
        (await ConnectAsync(on, new Connect { ClientId = Id(name), Properties = properties })).Client;

    private protected async Task<(RawClient Client, ConnAck Answer)> ConnectAsync(string on, Connect connect)
    {
        RawClient client = await OpenAsync(on);
        return (client, await client.ConnectAsync(connect));
    }

    /// <summary>Connects to a session that outlives its connection, or goes on with it.</summary>
    private protected Task<(RawClient Client, ConnAck Answer)> ResumeAsync(string on, string name) =>
        ConnectAsync(on, new Connect
        {
            ClientId = Id(name),
            CleanStart = false,
            Properties = new() { { Property.SessionExpiry, 600 } },
        });

    /// <summary>
    /// Whatever a subscriber hears until a last message of a publisher comes, which is sent now. The subscriber answers
    /// each.
    /// </summary>
    private protected async Task<IReadOnlyList<Publish>> HeardAsync(RawClient subscriber, RawClient publisher)
    {
        string end = Topic($"end/{Guid.NewGuid():N}");
        Assert.Equal(1, await subscriber.SubscribeAsync(end, 1));
        await publisher.PublishAsync(end, "");
        List<Publish> heard = [];
        while (await subscriber.HearAsync() is var publish && publish.Topic != end)
        {
            // Overlapping subscriptions may bring the last message of an earlier call twice.
            if (!publish.Topic.StartsWith(Topic("end/"), StringComparison.Ordinal))
            {
                heard.Add(publish);
            }
        }

        return heard;
    }

    /// <summary>Waits until a condition holds that only time brings about.</summary>
    private protected static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < RawClient.Patience, $"waited in vain until {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (RawClient client in _clients)
        {
            await client.DisposeAsync();
        }
    }
}
