using System.Diagnostics;
using System.Text.RegularExpressions;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Durability;
using TwinGrid.ClusterTests.PostgreSql;
using TwinGrid.ClusterTests.Processes;
using TwinGrid.ClusterTests.Watching;
using TwinGrid.Tests.Storage.PostgreSql;

namespace TwinGrid.ClusterTests.Backup;

/// <summary>Backups of a silo that runs under load, made and restored as the README says.</summary>
public sealed partial class BackupTests
{
    private const int Enough = 4_000;

    [Fact]
    public async Task What_was_acknowledged_before_a_backup_is_there_after_it_was_restored()
    {
        Installed.Require("sqlite3");
        using var home = new SiloHome("pump");
        using var other = new SiloHome("pump");
        string backup = Path.Combine(home.Root, "backup");
        NumberedDevice[] devices = Devices();
        var fleet = new NumberedFleet(devices);
        Dictionary<string, long> acknowledged = [];
        await using (SiloProcess silo = await SiloProcess.StartAsync(home))
        {
            using var stop = new CancellationTokenSource();
            Task running = fleet.RunAsync(silo, stop.Token);
            await Eventually.HoldsAsync("readings", () => fleet.Acknowledged >= Enough);
            acknowledged = devices.ToDictionary(static d => d.Twin, static d => d.HighestAcknowledged);

            (await RunAsync("Backup", home.Data, backup)).Succeeded();

            ProgramEnd beside = (await VerifyProgram.RefoldAsync(home, null)).Succeeded();
            Assert.Contains("all intact", beside.Output, StringComparison.Ordinal);
            Assert.Contains("all equal", beside.Output, StringComparison.Ordinal);
            await stop.CancelAsync();
            await running;
            await fleet.CheckAsync(silo);
            (await silo.StopAsync()).End.Succeeded();
        }

        Directory.CreateDirectory(other.Data);
        (await RunAsync("Restore", other.Data, backup)).Succeeded();
        ProgramEnd verified = (await VerifyProgram.RefoldAsync(other, null)).Succeeded();
        Assert.Contains("all intact", verified.Output, StringComparison.Ordinal);
        Assert.Contains($"{devices.Length} twins and ", verified.Output, StringComparison.Ordinal);
        Assert.EndsWith(": all equal\n", verified.Output, StringComparison.Ordinal);
        await using SiloProcess restored = await SiloProcess.StartAsync(other);
        await IsThereAsync(restored, acknowledged, devices);
        Assert.DoesNotContain("older than", restored.Program.Output, StringComparison.Ordinal);
        Assert.Equal(
            devices.Length, (await restored.Api.GetAsync("/api/v1/twins")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task An_older_backup_in_place_of_the_database_is_told_and_devices_go_on()
    {
        Installed.Require("sqlite3");
        using var home = new SiloHome("pump");
        string backup = Path.Combine(home.Root, "backup");
        NumberedDevice[] devices = Devices();
        var fleet = new NumberedFleet(devices);
        await using (SiloProcess silo = await SiloProcess.StartAsync(home))
        {
            await fleet.FinishAsync(silo);
            (await RunAsync("Backup", home.Data, backup)).Succeeded();

            // How far the log goes is noted once a second.
            long before = fleet.Acknowledged;
            var watch = Stopwatch.StartNew();
            Task running = fleet.RunAsync(silo, CancellationToken.None);
            await Eventually.HoldsAsync(
                "readings of seconds", () => fleet.Acknowledged > before && watch.Elapsed.TotalSeconds > 2);
            await silo.KillAsync();
            await running;
        }

        (await RunAsync("Restore", home.Data, backup)).Succeeded();

        await using SiloProcess restored = await SiloProcess.StartAsync(home);
        await Eventually.HoldsAsync(
            "the log's line",
            () => restored.Program.Output.Contains("older than what was last written", StringComparison.Ordinal));
        Assert.Contains(
            "twingrid_store_restored", (await restored.Api.SendAsync(HttpMethod.Get, "/metrics")).Text,
            StringComparison.Ordinal);

        await IsToldTheStateAsync(restored, devices[0]);

        // What came after the backup is lost; what devices send next is taken as what it is: newer.
        await fleet.FinishAsync(restored);
        foreach (NumberedDevice device in devices)
        {
            Assert.Equal(device.Attempted, NumberedFleet.NumberOf((await restored.Api.TwinAsync(device.Twin))!.Value));
        }
    }

    [Fact]
    public async Task A_dump_of_PostgreSQL_is_a_backup()
    {
        var database = new GridDatabase(await PostgreSqlServer.SharedAsync());
        using var home = new SiloHome("pump");
        NumberedDevice[] devices = Devices();
        var fleet = new NumberedFleet(devices);
        Dictionary<string, long> acknowledged = [];
        string[] restoredSettings;
        await using (SiloProcess silo = await SiloProcess.StartAsync(home, database.Settings))
        {
            using var stop = new CancellationTokenSource();
            Task running = fleet.RunAsync(silo, stop.Token);
            await Eventually.HoldsAsync("readings", () => fleet.Acknowledged >= Enough);
            acknowledged = devices.ToDictionary(static d => d.Twin, static d => d.HighestAcknowledged);
            restoredSettings = await database.RestoreElsewhereAsync(async () =>
            {
                (await VerifyProgram.RefoldAsync(home, null, database.Settings)).Succeeded();
                await stop.CancelAsync();
                await running;
                await fleet.CheckAsync(silo);
            });
        }

        ProgramEnd verified = (await VerifyProgram.RefoldAsync(home, null, restoredSettings)).Succeeded();
        Assert.Contains("all intact", verified.Output, StringComparison.Ordinal);
        Assert.EndsWith(": all equal\n", verified.Output, StringComparison.Ordinal);
        ProgramEnd one = (await VerifyProgram.RefoldAsync(home, devices[^1].Twin, restoredSettings)).Succeeded();
        Assert.StartsWith("1 twins and ", one.Output, StringComparison.Ordinal);

        await using SiloProcess restored = await SiloProcess.StartAsync(home, restoredSettings);
        await IsThereAsync(restored, acknowledged, devices);
        Assert.Contains("older than what was last written", restored.Program.Output, StringComparison.Ordinal);
        await IsToldTheStateAsync(restored, devices[0]);
    }

    private static NumberedDevice[] Devices() =>
    [
        .. Enumerable.Range(1, 3).Select(static i => new NumberedDevice($"meter/epoch{i}", epoch: 1, window: 16)),
        new NumberedDevice("pump/modelled", epoch: 7, window: 32),
    ];

    // One that knows more than the log has: it does not wait for the log to come to where it was.
    private static async Task IsToldTheStateAsync(SiloProcess silo, NumberedDevice device)
    {
        long revision = (await silo.Api.TwinAsync(device.Twin))!.Value.GetProperty("revision").GetInt64();
        var watcher = new SseWatcher(device.Twin) { Last = revision + 1_000 };
        using var stop = new CancellationTokenSource();
        Task watching = watcher.RunAsync(silo.Web, stop.Token);
        await Eventually.HoldsAsync("an event", () => watcher.Seen.Count > 0);
        await stop.CancelAsync();
        await watching;
        Assert.Equal($"snapshot {revision}", watcher.Seen[0]);
    }

    private static async Task IsThereAsync(
        SiloProcess silo, Dictionary<string, long> acknowledged, NumberedDevice[] devices)
    {
        foreach (NumberedDevice device in devices)
        {
            long known = NumberedFleet.NumberOf((await silo.Api.TwinAsync(device.Twin))!.Value);
            Assert.InRange(known, acknowledged[device.Twin], device.Attempted);
        }
    }

    /// <summary>Runs the block of commands of the README that follows a comment with its name.</summary>
    private static Task<ProgramEnd> RunAsync(string name, string data, string backup)
    {
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        string commands = Commands().Matches(readme).Single(m => m.Groups["name"].Value == name).Groups["text"].Value;
        return RunningProgram.RunShellAsync($"set -e; data='{data}'; backup='{backup}'\n{commands}");
    }

    [GeneratedRegex(
        @"<!-- tested: (?<name>\w+) -->\n```sh\n(?<text>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Commands();
}
