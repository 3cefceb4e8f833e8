using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using TwinGrid.Storage.PostgreSql;
using TwinGrid.Tests.Storage.PostgreSql;
using TwinGrid.Tests.Twins;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.History;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Storage;

public sealed class ZzMeasure(TwoSiloGrid grid) : IClassFixture<TwoSiloGrid>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tail(bool pg)
    {
        await using StoreHome home = pg ? new PostgreSqlHome() : new SqliteHome();
        await home.InitializeAsync();
        ITwinStore store = await home.OpenAsync();
        string[] names = ["a", "b", "c", "d"];
        TwinDefinition definition = new()
        {
            Kind = $"tail{pg}",
            Telemetry = [.. names.Select(n => new TelemetryDefinition { Name = n })],
            Models =
            [
                .. names.Select(n => new ModelDefinition { Name = "odd" + n, Type = "Anomaly", Inputs = [n] }),
                .. names.Select(n => new ModelDefinition
                {
                    Name = "lim" + n, Type = "TrendToLimit", Inputs = [n],
                    Options = JsonDocument.Parse("""{"limit":80,"direction":"rising"}""").RootElement,
                }),
            ],
        };
        PredictiveModelType[] models = [.. new ServiceCollection().AddTwinGridModels().BuildServiceProvider()
            .GetServices<PredictiveModelType>()];
        KindRegistry kinds = new(new DefinitionSet([definition]), models, [], grid.Cluster.Client);
        await kinds.PublishAsync();
        TwinId twin = new(definition.Kind, "t");
        TwinState state = new(twin, kinds.Current(definition.Kind));
        long noon = 1_790_000_000_000_000;
        TurnEffects effects = new();
        Random random = new(1);
        async Task SendAsync(int count)
        {
            List<TwinTurn> turns = [];
            for (int i = 0; i < count; i++)
            {
                ReadingWriter writer = new();
                long time = noon + (state.Revision * 1_000_000);
                writer.BeginMessage(new MessageHeader { Received = time });
                foreach (string n in names)
                {
                    writer.Number(Encoding.UTF8.GetBytes(n), random.NextDouble());
                }

                writer.EndMessage();
                TurnHeader header = new()
                {
                    Mode = ControlMode.Act, DefinitionRevision = state.Kind.Revision, LiveWindow = 60_000_000,
                    MaxNames = 16, MaxSources = 2,
                };
                byte[] row = new byte[TurnHeader.Size + writer.Written.Length];
                header.Write(row);
                writer.Written.CopyTo(row.AsMemory(TurnHeader.Size));
                TwinFold.Apply(state, header, writer.Written.Span, effects);
                effects.Clear();
                state.Revision++;
                turns.Add(new TwinTurn
                {
                    Twin = twin, Revision = state.Revision, Time = time, FoldVersion = TwinFold.Version, Inputs = row,
                });
                if (turns.Count == 400)
                {
                    await store.CommitAsync(turns, [], CancellationToken.None);
                    turns.Clear();
                }
            }

            if (turns.Count > 0)
            {
                await store.CommitAsync(turns, [], CancellationToken.None);
            }
        }

        await SendAsync(4_000);
        HistoryQuery chart = new() { Telemetry = ["a"], MaxPoints = 1_000 };
        string report = "";
        foreach (bool shared in new[] { false, true })
        {
            FoldedTails tails = new();
            List<double> ms = [];
            List<double> cpu = [];
            for (int i = 0; i < 60; i++)
            {
                await SendAsync(1);
                TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
                Stopwatch watch = Stopwatch.StartNew();
                HistoryPage page = (await new HistoryBook(store, kinds, shared ? tails : null).ReadAsync(twin, chart))!;
                ms.Add(watch.Elapsed.TotalMilliseconds);
                cpu.Add((Process.GetCurrentProcess().TotalProcessorTime - before).TotalMilliseconds);
                Assert.True(page.Telemetry["a"].Count > 300);
            }

            ms = [.. ms.Skip(10).Order()];
            cpu = [.. cpu.Skip(10).Order()];
            report += $"pg={pg} shared={shared}: p50 {ms[25]:0.0} p95 {ms[47]:0.0} max {ms[^1]:0.0} ms, cpu p50 {cpu[25]:0.0} ms\n";
        }

        await File.AppendAllTextAsync("/tmp/h1_measure.txt", report);
    }

    [Fact]
    public async Task Groups()
    {
        await using PostgreSqlHome home = new();
        await home.InitializeAsync();
        await using PostgreSqlTwinStore store = await home.OpenAsync(new StoreOwner("twingrid", "silo", true));
        const int Twins = 10_000;
        long[] revisions = new long[Twins];
        byte[] inputs = new byte[120];
        new Random(1).NextBytes(inputs);
        Random random = new(2);
        async Task<double> CommitAsync(int size)
        {
            List<TwinTurn> turns = [];
            HashSet<int> taken = [];
            while (turns.Count < size)
            {
                int i = random.Next(Twins);
                if (taken.Add(i))
                {
                    turns.Add(new TwinTurn
                    {
                        Twin = new TwinId("turbine", $"t{i}"), Revision = ++revisions[i], Time = 1_790_000_000_000_000,
                        FoldVersion = 1, Inputs = inputs,
                    });
                }
            }

            long start = Stopwatch.GetTimestamp();
            await store.CommitAsync(turns, [], CancellationToken.None);
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        for (int i = 0; i < 120; i++)
        {
            await CommitAsync(500);
        }

        double Server()
        {
            double ticks = 0;
            foreach (string directory in Directory.GetDirectories("/proc"))
            {
                try
                {
                    string cmd = File.ReadAllText(directory + "/cmdline");
                    if (cmd.Contains("postgres: ", StringComparison.Ordinal) && (cmd.Contains("idle", StringComparison.Ordinal) || cmd.Contains("walwriter", StringComparison.Ordinal) || cmd.Contains("COMMIT", StringComparison.Ordinal)))
                    {
                        string[] stat = File.ReadAllText(directory + "/stat").Split(") ")[1].Split(' ');
                        ticks += double.Parse(stat[11], null) + double.Parse(stat[12], null);
                    }
                }
                catch (IOException)
                {
                }
            }

            return ticks * 10_000;
        }

        for (int round = 0; round < 3; round++)
        {
            foreach (int size in new[] { 8, 16, 32, 64, 128, 256, 512 })
            {
                foreach (int most in new[] { 100_000, 0 })
                {
                    TurnSession.MostInserted = most;
                    for (int i = 0; i < 6; i++)
                    {
                        await CommitAsync(size);
                    }

                    List<double> ms = [];
                    double client = Process.GetCurrentProcess().TotalProcessorTime.TotalMicroseconds;
                    double server = Server();
                    Stopwatch watch = Stopwatch.StartNew();
                    while (watch.Elapsed.TotalSeconds < 1.2)
                    {
                        ms.Add(await CommitAsync(size));
                    }

                    client = Process.GetCurrentProcess().TotalProcessorTime.TotalMicroseconds - client;
                    server = Server() - server;
                    ms.Sort();
                    double rows = ms.Count * (double)size;
                    await File.AppendAllTextAsync("/tmp/h1_measure.txt", $"{(most == 0 ? "COPY  " : "INSERT")} {size,4}: client {client / rows:0.0} server {server / rows:0.0} sum {(client + server) / rows:0.0} us/row, p50 {ms[ms.Count / 2]:0.00} p99 {ms[ms.Count * 99 / 100]:0.00} ms, {rows / watch.Elapsed.TotalSeconds:0} rows/s\n");
                }
            }
        }
    }
}
