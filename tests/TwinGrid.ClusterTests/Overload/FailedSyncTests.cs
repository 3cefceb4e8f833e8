using System.Globalization;
using System.Net;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Overload;

/// <summary>A disk that once fails to keep a commit: what the kernel says of it afterwards cannot be trusted.</summary>
public sealed class FailedSyncTests
{
    [Fact]
    public async Task A_silo_whose_disk_failed_to_keep_a_commit_ends_and_starts_again_with_all_that_it_acknowledged()
    {
        Installed.Require("strace");
        using var home = new SiloHome();
        await using (SiloProcess silo = await SiloProcess.StartAsync(home))
        {
            ApiAnswer first = await silo.Api.PostTelemetryAsync("meter/m1", """{"n":1}""");
            Assert.Equal(HttpStatusCode.NoContent, first.Status);
            await using RunningProgram strace = RunningProgram.Start(
                "strace",
                [
                    "-f", "-p", silo.Program.Id.ToString(CultureInfo.InvariantCulture), "-o", "/dev/null",
                    "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO",
                ],
                home.Root);
            await Eventually.HoldsAsync(
                "strace holds the silo",
                () => strace.Errors.Contains("attached", StringComparison.Ordinal));
            Task<ApiAnswer> refused = silo.Api.PostTelemetryAsync("meter/m1", """{"n":2}""");

            ProgramEnd end = await silo.Program.EndAsync();

            Assert.Equal(75, end.ExitCode);
            Assert.Contains("the disk failed to keep what was written", end.Errors, StringComparison.Ordinal);
            Exception? cut = await Record.ExceptionAsync(() => refused);
            Assert.True(cut is not null || (await refused).Status != HttpStatusCode.NoContent);
        }

        await using SiloProcess again = await SiloProcess.StartAsync(home);

        // The second was written and not acknowledged: whether the disk has it after all nobody promised.
        Assert.InRange((await again.Api.TwinAsync("meter/m1"))!.Value.Counter("readings"), 1, 2);
    }
}
