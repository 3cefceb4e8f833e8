using System.Text.Json;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Load;

/// <summary>The load harness as its users run it; its figures are for people, its shape is tested.</summary>
public sealed class LoadHarnessTests(SharedGrid grid)
{
    [Theory]
    [InlineData("", "ingest-max")]
    [InlineData("ingets", "ingest-max")]
    [InlineData("ingest --rat 5", "--rate")]
    [InlineData("ingest --rate many", "whole number")]
    [InlineData("ingest --qos", "needs a value")]
    public async Task A_wrong_argument_is_an_error_that_lists_what_exists(string arguments, string listed)
    {
        ProgramEnd end = await LoadAsync(arguments);

        Assert.Equal(2, end.ExitCode);
        Assert.Contains(listed, end.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_load_reports_what_the_contract_names_and_loses_nothing()
    {
        JsonElement report = await ReportAsync(
            "ingest-max --connections 4 --devices 8 --window 2 --seconds 1 --runs 1 --readings 3");
        foreach (string key in (string[])
            [
                "scenario", "machine", "options", "offeredPerSecond", "sent", "acknowledged", "lost",
                "messagesPerSecond", "readingsPerSecond", "latencyMs", "gridCpuMicrosPerMessage",
                "storeCpuMicrosPerMessage", "clientCpuMicrosPerMessage", "allocatedBytesPerMessage", "peakRssMiB",
                "gc", "runs",
            ])
        {
            Assert.True(report.TryGetProperty(key, out _), $"no {key} in {report}");
        }

        Assert.Equal(0, report.GetProperty("lost").GetInt64());
        Assert.True(report.GetProperty("acknowledged").GetInt64() > 0);
        Assert.True(report.GetProperty("latencyMs").GetProperty("p99").GetDouble() > 0);
        Assert.Equal(
            3 * report.GetProperty("messagesPerSecond").GetDouble(),
            report.GetProperty("readingsPerSecond").GetDouble(),
            precision: 3);
        Assert.Single(report.GetProperty("runs").EnumerateArray());
    }

    [Fact]
    public async Task Connections_that_rest_are_counted_and_all_of_them_still_answer()
    {
        JsonElement report = await ReportAsync("idle --connections 30 --seconds 1");
        Assert.Equal(30, report.GetProperty("connections").GetInt32());
        Assert.Equal(30, report.GetProperty("stillConnected").GetInt32());
    }

    [Fact]
    public async Task A_storm_of_reconnections_is_counted_by_what_became_of_each()
    {
        JsonElement report = await ReportAsync("storm --connections 30 --within 1");
        JsonElement[] storms = [.. report.GetProperty("storms").EnumerateArray()];
        Assert.Equal([30, 30], storms.Select(static storm => storm.GetProperty("accepted").GetInt32()));
        Assert.Equal([0, 30], storms.Select(static storm => storm.GetProperty("takenOver").GetInt32()));
        Assert.Equal(30, report.GetProperty("stillConnected").GetInt32());
    }

    private async Task<JsonElement> ReportAsync(string arguments)
    {
        string file = Path.GetTempFileName();
        try
        {
            string web = grid.Silo.Web.GetLeftPart(UriPartial.Authority);
            ProgramEnd end = await LoadAsync(
                $"{arguments} --target mqtt://127.0.0.1:{grid.MqttPort} --api {web} --report {file}");
            end.Succeeded();
            return JsonDocument.Parse(await File.ReadAllTextAsync(file)).RootElement;
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static Task<ProgramEnd> LoadAsync(string arguments) =>
        RunningProgram.RunAsync(
            "dotnet",
            [Repository.LoadProgram, .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)],
            within: TimeSpan.FromSeconds(90));
}
