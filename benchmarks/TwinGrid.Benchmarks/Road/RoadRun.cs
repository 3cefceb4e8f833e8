using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using TwinGrid.Twins.Ingest;

namespace TwinGrid.Benchmarks.Road;

/// <summary>
/// What the road to the twins costs without a listener: pooled messages through <see cref="ITwinIngest.Send"/> into a
/// silo over SQLite, 50 senders with a window of 128 each, all metrics listened to. The process's CPU and allocations
/// are divided by the messages; the first line, a road that only answers, is the senders' own share of them.
/// </summary>
/// <remarks>
/// <c>dotnet run -c Release --project benchmarks/TwinGrid.Benchmarks -- road [--twins 50,1000,10000] [--senders 50]
/// [--window 128] [--seconds 5] [--warm-up 5]
/// [--acknowledge Applied,Durable]</c>
/// </remarks>
internal static class RoadRun
{
    public static async Task RunAsync(string[] args)
    {
        Dictionary<string, string> options =
            args.Chunk(2).ToDictionary(pair => pair[0].TrimStart('-'), pair => pair[1]);
        int[] twins = [.. Option(options, "twins", "50,1000,10000").Split(',').Select(Number)];
        int senders = Number(Option(options, "senders", "50"));
        int window = Number(Option(options, "window", "128"));
        TimeSpan time = TimeSpan.FromSeconds(Number(Option(options, "seconds", "5")));
        TimeSpan warmUp = TimeSpan.FromSeconds(Number(Option(options, "warm-up", "5")));
        using MeterListener metrics = Listen();
        Console.WriteLine(
            "  twins acknowledge  messages/s  CPU µs/message  bytes/message  messages/row  refused  late");
        Load alone = new(new Answering(), "senders", 1_000, senders, window);
        await MeasureAsync(alone, warmUp, time);
        foreach (string acknowledge in Option(options, "acknowledge", "Applied,Durable").Split(','))
        {
            foreach (int count in twins)
            {
                await using RoadSilo silo = new(Enum.Parse<Acknowledgement>(acknowledge));
                await silo.StartAsync();
                await MeasureAsync(new Load(silo.Road, acknowledge, count, senders, window), warmUp, time);
            }
        }
    }

    private static async Task MeasureAsync(Load load, TimeSpan warmUp, TimeSpan time)
    {
        RoadDevice[] devices =
            [.. Enumerable.Range(0, load.Twins).Select(i => new RoadDevice(new TwinId("road", $"t{i:00000}")))];
        RoadSender[] senders = [.. Enumerable.Range(0, load.Senders).Select(i => new RoadSender(
            load.Road,
            [.. devices.Where((_, device) => device % Math.Min(load.Senders, load.Twins) == i % load.Twins)],
            load.Window))];
        await Parallel.ForEachAsync(devices, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (device, _) =>
        {
            ReadingWriter writer = new();
            device.Write(writer, UnixMicroseconds.Now(TimeProvider.System));
            await load.Road.IngestAsync(device.Address.Twin, writer.Written, CancellationToken.None);
        });
        foreach (RoadSender sender in senders)
        {
            sender.Start();
        }

        await Task.Delay(warmUp);

        Sample before = new(senders, devices);
        await Task.Delay(time);
        Sample after = new(senders, devices);
        await Task.WhenAll(senders.Select(sender => sender.StopAsync()));
        double messages = after.Messages - before.Messages;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{load.Twins,7} {load.Name,-11} {messages / (after.Time - before.Time).TotalSeconds,11:N0} "
            + $"{(after.Cpu - before.Cpu).TotalMicroseconds / messages,15:0.00} "
            + $"{(after.Allocated - before.Allocated) / messages,14:0} {messages / (after.Rows - before.Rows),13:0.0} "
            + $"{devices.Sum(device => device.Refused),8} {devices.Sum(device => device.Late),5}"));
    }

    private static MeterListener Listen()
    {
        MeterListener listener = new()
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == TwinGridDiagnostics.Meter.Name)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>(static (_, _, _, _) => { });
        listener.SetMeasurementEventCallback<int>(static (_, _, _, _) => { });
        listener.SetMeasurementEventCallback<double>(static (_, _, _, _) => { });
        listener.Start();
        return listener;
    }

    private static string Option(Dictionary<string, string> options, string name, string otherwise) =>
        options.GetValueOrDefault(name, otherwise);

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private sealed record Load(ITwinIngest Road, string Name, int Twins, int Senders, int Window);

    private sealed class Sample(RoadSender[] senders, RoadDevice[] devices)
    {
        public TimeSpan Time { get; } = Stopwatch.GetElapsedTime(0);

        public TimeSpan Cpu { get; } = Environment.CpuUsage.TotalTime;

        public long Allocated { get; } = GC.GetTotalAllocatedBytes();

        public long Messages { get; } = senders.Sum(sender => sender.Answered);

        public long Rows { get; } = devices.Sum(device => device.Revision);
    }

    /// <summary>A road that answers at once.</summary>
    private sealed class Answering : ITwinIngest
    {
        private static readonly IngestResult s_accepted = new(IngestStatus.Accepted, 0, 1);

        public void Send(IngestMessage message) => message.Finished(s_accepted);
    }
}
