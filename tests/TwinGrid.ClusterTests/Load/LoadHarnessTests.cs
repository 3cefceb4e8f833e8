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

    [Fact]
    public async Task Twins_that_come_once_are_counted_and_all_of_them_are_listed()
    {
        JsonElement report = await ReportAsync("twins --connections 4 --devices 40");
        Assert.Equal(40, report.GetProperty("twins").GetInt32());
        Assert.Equal(40, report.GetProperty("listed").GetInt64());
        Assert.True(report.GetProperty("twinsPerSecond").GetDouble() > 0);
    }

    [Fact]
    public async Task A_grid_that_is_killed_under_load_is_back_in_time_and_knows_what_it_acknowledged()
    {
        JsonElement report = await OwnReportAsync("recovery --connections 4 --devices 40 --rate 200 --seconds 1");
        Assert.Equal(0, report.GetProperty("lost").GetInt64());
        Assert.Equal(0, report.GetProperty("phantom").GetInt64());
        Assert.True(report.GetProperty("acknowledgedBefore").GetInt64() >= 80);
        Assert.InRange(report.GetProperty("firstAcknowledgementSeconds").GetDouble(), 0.001, 60);
    }

    private Task<JsonElement> ReportAsync(string arguments)
    {
        string web = grid.Silo.Web.GetLeftPart(UriPartial.Authority);
        return OwnReportAsync($"{arguments} --target mqtt://127.0.0.1:{grid.MqttPort} --api {web}");
    }

    private static async Task<JsonElement> OwnReportAsync(string arguments)
    {
        string file = Path.GetTempFileName();
        try
        {
            ProgramEnd end = await LoadAsync($"{arguments} --report {file}");
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
