using System.Diagnostics;
using System.Net.Sockets;
using HdrHistogram;
using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Measuring;
using TwinGrid.LoadTest.Mqtt;
using TwinGrid.LoadTest.Reporting;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>
/// All clients come within seconds, as after a power cut; then once more under the same names while the first
/// connections stand, as after a network that came back: the server must end those.
/// </summary>
internal sealed class StormScenario(LoadOptions options)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(30);

    /// <summary>Runs it, prints its figures and gives the members of its report.</summary>
    public async Task<object[]> RunAsync()
    {
        // Twice: those of both storms are open for a moment.
        await OpenFiles.EnsureAsync(2 * options.Connections);
        await using LoadTarget target = await LoadTarget.OfAsync(options);
        using var crowd = new Crowd(target, options.Mqtt);
        await crowd.WarmUpAsync();
        RestingClient[] first = MakeClients();
        RestingClient[] second = MakeClients();
        StormFigures came = await StormAsync(crowd, target, first);
        Print($"{target.Name}, first", came);
        StormFigures again = await StormAsync(crowd, target, second);
        again = again with { TakenOver = first.Count(static client => !client.IsOpen()) };
        Print($"{target.Name}, again", again);
        int still = await Crowd.AliveAsync(second);
        Console.WriteLine($"        {still} still connected");
        Array.ForEach([.. first, .. second], static client => client.Dispose());
        return [new { server = target.Name, storms = new[] { came, again }, stillConnected = still }];
    }

    private RestingClient[] MakeClients() =>
        [.. Enumerable.Range(0, options.Connections).Select(i => new RestingClient(i, options.Mqtt))];

    private async Task<StormFigures> StormAsync(Crowd crowd, LoadTarget target, RestingClient[] clients)
    {
        double cpu = crowd.Meter.GridCpu();
        var arrivals = new Task<Arrival>[clients.Length];
        long start = Stopwatch.GetTimestamp();
        long spacing = (long)(options.Within * (double)Stopwatch.Frequency / clients.Length);
        using var pause = new PeriodicTimer(Tick);
        for (int next = 0; next < clients.Length; await pause.WaitForNextTickAsync())
        {
            long now = Stopwatch.GetTimestamp();
            for (; next < clients.Length && start + (next * spacing) <= now; next++)
            {
                arrivals[next] = ArriveAsync(crowd, target.Mqtt, clients[next], start + (next * spacing));
            }
        }

        Arrival[] ends = await Task.WhenAll(arrivals);
        cpu = crowd.Meter.GridCpu() - cpu;
        LongHistogram latencies = LoadTally.NewHistogram();
        LongHistogram lags = LoadTally.NewHistogram();
        Array.ForEach(ends, end => LoadTally.Record(lags, end.Begun - end.Intended));
        Arrival[] accepted = [.. ends.Where(static end => end is { Answered: > 0, Code: 0 })];
        Array.ForEach(accepted, end => LoadTally.Record(latencies, end.Answered - end.Intended));
        return new StormFigures
        {
            Connections = clients.Length,
            SecondsToLast = accepted.Length == 0
                ? 0
                : Stopwatch.GetElapsedTime(start, accepted.Max(static end => end.Answered)).TotalSeconds,
            ConnectMs = LatencyFigures.Of(latencies),
            StartLagP99Ms = lags.GetValueAtPercentile(99) / 1000.0,
            Accepted = accepted.Length,
            Refused = ends.Count(static end => end.Code != 0),
            Failed = ends.Count(static end => end.Answered == 0),
            SessionsPresent = accepted.Count(static end => end.SessionPresent),
            ServerCpuMicrosPerConnection = double.IsNaN(cpu) ? null : cpu * 1e6 / clients.Length,
        };
    }

    private async Task<Arrival> ArriveAsync(Crowd crowd, Uri target, RestingClient client, long intended)
    {
        long begun = Stopwatch.GetTimestamp();
        using var patience = new CancellationTokenSource(AnswersWithin);
        try
        {
            await client.OpenAsync(target, patience.Token);
            ConnectAnswer answer = await client.ConnectAsync(
                crowd.Settings(client.Number, options.Session == "clean"), patience.Token);
            long answered = Stopwatch.GetTimestamp();
            if (answer.Code == 0 && options.Session != "clean" && !answer.SessionPresent)
            {
                await client.SubscribeAsync(Crowd.CommandsOf(client), patience.Token);
            }

            return new Arrival(intended, begun, answered, answer.Code, answer.SessionPresent);
        }
        catch (Exception failed) when (failed is IOException or SocketException or OperationCanceledException)
        {
            return new Arrival(intended, begun, 0, 0, false);
        }
    }

    private static void Print(string name, StormFigures storm)
    {
        Console.WriteLine(
            $"{name}: {storm.Accepted} of {storm.Connections} connected in {storm.SecondsToLast:0.00} s, "
            + $"{storm.Refused} refused, {storm.Failed} failed, {storm.SessionsPresent} sessions present, "
            + $"{storm.TakenOver} connections taken over");
        Console.WriteLine(
            $"        CONNACK after p50 {storm.ConnectMs?.P50:0.0}  p99 {storm.ConnectMs?.P99:0.0}  "
            + $"max {storm.ConnectMs?.Max:0.0} ms, of it the client's own lag p99 "
            + $"{storm.StartLagP99Ms:0.0} ms; server CPU {storm.ServerCpuMicrosPerConnection:0} us each");
    }

    /// <summary>
    /// What became of a client: when it should come and when it did, when it was answered (0 for never), and how.
    /// </summary>
    private readonly record struct Arrival(long Intended, long Begun, long Answered, byte Code, bool SessionPresent);
}
