using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Durability;

/// <summary>What the kernel saw of a whole grid: strace notes what sockets and disk were asked, in order.</summary>
public sealed partial class SyncTests
{
    private const int Publishes = 20;

    private const byte High = (byte)'A';
    private const byte Low = (byte)'a';

    [Fact]
    public async Task A_PUBACK_leaves_after_the_sync_of_what_it_acknowledges()
    {
        Installed.Require("strace");
        using var home = new SiloHome();
        string trace = Path.Combine(home.Root, "trace");
        string[] under =
        [
            "strace", "-f", "--seccomp-bpf", "-y", "-s", "128", "-o", trace,
            "-e", "trace=fsync,fdatasync,sendto,sendmsg,write,recvfrom,recvmsg,read",
        ];
        await using (SiloProcess silo = await SiloProcess.StartAsync(home, under, []))
        {
            await PublishOneAfterTheOtherAsync(silo.MqttPort);
            await StopAsync(silo);
        }

        string[] lines = await File.ReadAllLinesAsync(trace);
        for (int i = 0; i < Publishes; i++)
        {
            string payload = Payload(i);
            int came = Array.FindIndex(lines, line => Received().IsMatch(line) && line.Contains(payload));
            string puback = $"\"@\\2{(char)High}{(char)(Low + i)}";
            int left = Array.FindIndex(lines, line => Sent().IsMatch(line) && line.Contains(puback));
            Assert.True(came >= 0 && left > came, $"publish {i} was seen in line {came}, its PUBACK in line {left}");
            Assert.True(IsSynced(lines[came..left]), $"the PUBACK of publish {i} left before any sync of the log");
        }
    }

    // A sync that begins after the publish was read and has succeeded before its PUBACK is written.
    private static bool IsSynced(string[] between)
    {
        HashSet<string> begun = [];
        foreach (string line in between)
        {
            Match sync = Sync().Match(line);
            if (sync.Success && sync.Groups["end"].Value == "unfinished")
            {
                begun.Add(sync.Groups["thread"].Value);
            }
            else if (sync.Success)
            {
                return true;
            }
            else if (SyncEnd().Match(line) is { Success: true } end && begun.Contains(end.Groups["thread"].Value))
            {
                return true;
            }
        }

        return false;
    }

    // MQTT by hand: each identifier is two letters, so that its PUBACK reads as text in the trace.
    private static async Task PublishOneAfterTheOtherAsync(int port)
    {
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await using NetworkStream stream = client.GetStream();
        await stream.WriteAsync("\u0010\u0010\0\u0004MQTT\u0004\u0002\0\0\0\u0004sync"u8.ToArray());
        await stream.ReadExactlyAsync(new byte[4]);
        for (int i = 0; i < Publishes; i++)
        {
            byte[] topic = "twins/pump/p1/telemetry/n"u8.ToArray();
            byte[] payload = Encoding.ASCII.GetBytes(Payload(i));
            byte[] identifier = [High, (byte)(Low + i)];
            byte[] publish =
            [
                0x32, (byte)(2 + topic.Length + 2 + payload.Length), 0, (byte)topic.Length, .. topic, .. identifier,
                .. payload,
            ];
            await stream.WriteAsync(publish);
            byte[] expected = [0x40, 2, .. identifier];
            byte[] puback = new byte[expected.Length];
            await stream.ReadExactlyAsync(puback);
            Assert.Equal(expected, puback);
        }
    }

    // strace keeps signals to itself while it traces: the grid is its child.
    private static async Task StopAsync(SiloProcess silo)
    {
        int strace = silo.Program.Id;
        string grid = (await File.ReadAllTextAsync($"/proc/{strace}/task/{strace}/children")).Trim();
        (await RunningProgram.RunAsync("kill", ["-TERM", grid])).Succeeded();
        (await silo.Program.EndAsync()).Succeeded();
    }

    private static string Payload(int number) => $"{7_000_000 + number}";

    [GeneratedRegex(@"^\d+ +(?:recvfrom|recvmsg|read|<\.\.\. (?:recvfrom|recvmsg|read) resumed>)")]
    private static partial Regex Received();

    [GeneratedRegex(@"^\d+ +(?:sendto|sendmsg|write)\(")]
    private static partial Regex Sent();

    [GeneratedRegex(
        @"^(?<thread>\d+) +f(?:data)?sync\(\d+<[^>]*twingrid\.db-wal>(?:\) += 0| <(?<end>unfinished))")]
    private static partial Regex Sync();

    [GeneratedRegex(@"^(?<thread>\d+) +<\.\.\. f(?:data)?sync resumed>\) += 0")]
    private static partial Regex SyncEnd();
}
