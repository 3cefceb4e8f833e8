using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Cluster;

/// <summary>A silo dies or stands still: what that means for those who ask its twins.</summary>
public sealed class DeathTests(ITestOutputHelper output)
{
    private const int Twins = 12;

    /// <summary>Longer than any pause of a twin whose silo lives, shorter than any whose silo died.</summary>
    private static readonly TimeSpan Noticed = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestKill = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(12);

    /// <summary>More than the two of a quick run, for figures: a number of kills, and half as many pauses.</summary>
    private static readonly int Deaths =
        int.TryParse(Environment.GetEnvironmentVariable("TWINGRID_TEST_DEATHS"), out int deaths) ? deaths : 2;

    [Fact]
    public async Task The_twins_of_a_killed_silo_answer_again_through_the_others()
    {
        await using ClusterOfSilos cluster = await ClusterOfSilos.StartAsync(3);
        await using ProbedTwins twins = await ProbedTwins.StartAsync(Twins, [cluster[0], cluster[1]]);
        List<TimeSpan> hit = [];
        for (int n = 0; n < Deaths; n++)
        {
            int victim = 2 - (n % 3);
            IReadOnlyList<SiloProcess> others = [.. cluster.Silos.Where((_, i) => i != victim)];
            hit.AddRange(Show("kill -9", await HitAsync(twins, others, () => cluster.KillAsync(victim))));
            await cluster.RestartAsync(victim);
            await cluster.FormedAsync();
        }

        Judge("kill -9", hit, LongestKill);
    }

    [Fact]
    public async Task The_twins_of_a_silo_that_stands_still_answer_again_and_it_ends_when_it_wakes()
    {
        await using ClusterOfSilos cluster = await ClusterOfSilos.StartAsync(3);
        await using ProbedTwins twins = await ProbedTwins.StartAsync(Twins, [cluster[0], cluster[1]]);
        List<TimeSpan> hit = [];
        for (int n = 0; n < Math.Max(1, Deaths / 2); n++)
        {
            int victim = 2 - (n % 3);
            SiloProcess zombie = cluster[victim];
            IReadOnlyList<SiloProcess> others = [.. cluster.Silos.Where((_, i) => i != victim)];
            hit.AddRange(Show("SIGSTOP", await HitAsync(twins, others, () => cluster.PauseAsync(victim))));

            await cluster.ContinueAsync(victim);
            ProgramEnd end = await zombie.Program.EndAsync();
            Assert.Equal(75, end.ExitCode);
            Assert.Contains("twingrid: ", end.Errors, StringComparison.Ordinal);
            await cluster.ForgetAsync(victim);
            await cluster.RestartAsync(victim);
            await cluster.FormedAsync();
        }

        Judge("SIGSTOP", hit, LongestPause);
    }

    [Fact]
    public async Task A_silo_that_slept_through_its_death_answers_no_old_revision_and_commits_nothing()
    {
        const int twins = 12;
        await using ClusterOfSilos cluster = await ClusterOfSilos.StartAsync(3);
        SiloProcess zombie = cluster[2];
        for (int i = 0; i < twins; i++)
        {
            await cluster[0].Api.PostTelemetryAsync($"pump/p{i}", """{"temperature":1}""");
        }

        await cluster.PauseAsync(2);
        Socket[] reads = [.. Enumerable.Range(0, twins).Select(i => Ask(zombie, $"GET /api/v1/twins/pump/p{i}"))];
        Socket[] writes =
        [
            .. Enumerable.Range(0, twins).Select(i => Ask(
                zombie, $"POST /api/v1/twins/pump/p{i}/telemetry/temperature", "99")),
        ];
        for (int i = 0; i < twins; i++)
        {
            await Eventually.SeeAsync(
                $"p{i} takes a reading",
                () => cluster[0].Api.PostTelemetryAsync($"pump/p{i}", """{"temperature":2}"""),
                static answer => (int)answer.Status == 204);
        }

        await cluster.ContinueAsync(2);
        string[] read = await Task.WhenAll(reads.Select(HearAsync));
        string[] written = await Task.WhenAll(writes.Select(HearAsync));

        foreach (string answer in read.Where(static a => a.StartsWith("HTTP/1.1 200", StringComparison.Ordinal)))
        {
            // Of a twin on another silo it may tell what is; never what was.
            Range body = answer.IndexOf('{', StringComparison.Ordinal)..(answer.LastIndexOf('}') + 1);
            JsonElement twin = JsonDocument.Parse(answer[body]).RootElement;
            Assert.NotEqual(1, twin.Number("temperature"));
        }

        string[] committed = [.. written.Where(static a => a.StartsWith("HTTP/1.1 204", StringComparison.Ordinal))];
        output.WriteLine($"{read.Count(static a => a.Length == 0)} reads and "
            + $"{written.Count(static a => a.Length == 0)} writes were not answered, {committed.Length} went on");
        Assert.Equal(75, (await zombie.Program.EndAsync()).ExitCode);
        await cluster.ForgetAsync(2);
        int applied = 0;
        for (int i = 0; i < twins; i++)
        {
            double value = (await cluster[0].Api.TwinAsync($"pump/p{i}"))!.Value.Number("temperature");
            applied += value == 99 ? 1 : 0;
            Assert.True(value is 2 or 99, $"p{i} is {value}");
        }

        Assert.InRange(applied, committed.Length, twins);
        IReadOnlyDictionary<string, IReadOnlyList<long>> log = await cluster.Database.RevisionsAsync();
        Assert.All(
            log.Values, static twin => Assert.Equal(Enumerable.Range(1, twin.Count).Select(r => (long)r), twin));
    }

    private static Socket Ask(SiloProcess silo, string request, string body = "")
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect("127.0.0.1", silo.Web.Port);
        string text = $"{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {body.Length}\r\n"
            + $"\r\n{body}";
        socket.Send(Encoding.ASCII.GetBytes(text));
        return socket;
    }

    private static async Task<string> HearAsync(Socket socket)
    {
        using NetworkStream stream = new(socket, ownsSocket: true);
        using StreamReader reader = new(stream, Encoding.UTF8);
        try
        {
            return await reader.ReadToEndAsync().WaitAsync(Eventually.Patience);
        }
        catch (IOException)
        {
            return "";
        }
    }

    /// <summary>How long each twin is not answered for while a silo is hit and after it.</summary>
    private static async Task<TimeSpan[]> HitAsync(
        ProbedTwins twins, IReadOnlyList<SiloProcess> others, Func<Task> fault)
    {
        twins.AskThrough(others);
        await twins.AnsweredAsync();
        twins.TakeLongest();
        await fault();
        await twins.AnsweredAsync();
        return twins.TakeLongest();
    }

    private TimeSpan[] Show(string what, TimeSpan[] longest)
    {
        TimeSpan[] hit = [.. longest.Where(static gap => gap > Noticed).Order()];
        Assert.NotEmpty(hit);
        output.WriteLine($"{what}: {string.Join(", ", hit.Select(Seconds))}");
        return hit;
    }

    private void Judge(string what, List<TimeSpan> hit, TimeSpan longest)
    {
        TimeSpan[] all = [.. hit.Order()];
        output.WriteLine($"{what}, {all.Length} twins: p50 {Seconds(all[all.Length / 2])}, max {Seconds(all[^1])}");
        Assert.InRange(all[^1], TimeSpan.Zero, longest);
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.00 s", CultureInfo.InvariantCulture);
}
