using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using TwinGrid.ClusterTests.Processes;
using TwinGrid.FaultTests.Network;

namespace TwinGrid.FaultTests.Processes;

/// <summary>Where a silo listens and what it is started with; the same in all its lives.</summary>
internal sealed record SiloPlace
{
    /// <summary>Its name in the cluster and in messages.</summary>
    public required string Name { get; init; }

    /// <summary>Its working directory.</summary>
    public required string Home { get; init; }

    /// <summary>Its settings, without the section's name.</summary>
    public required IReadOnlyList<string> Settings { get; init; }

    /// <summary>Where others find it.</summary>
    public required NetworkPlace Network { get; init; }

    /// <summary>True for a process that holds no twins and answers no API.</summary>
    public required bool IsGatewayOnly { get; init; }
}

/// <summary>
/// A silo of the grid under test: a process that is killed, stopped, paused and started again, always at the same
/// place. Only ever signalled by the id of the process that this started.
/// </summary>
internal sealed partial class GridSilo(SiloPlace place) : IAsyncDisposable
{
    private const int MostWords = 400;

    private readonly HttpClient _http = new()
    {
        BaseAddress = place.Network.Web,
        Timeout = TimeSpan.FromSeconds(2),
    };

    // Faults and the supervisor start and end the process; one at a time.
    private readonly SemaphoreSlim _lifeGate = new(1);

    private RunningProgram? _program;
    private double _fencedBefore;
    private double _fencedNow;

    /// <summary>Its name.</summary>
    public string Name => place.Name;

    /// <summary>Where it is.</summary>
    public SiloPlace Place => place;

    /// <summary>Its web address.</summary>
    public Uri Web => _http.BaseAddress!;

    /// <summary>How a stop ended, in words.</summary>
    public static string HowItEnded(int? exitCode) =>
        exitCode is { } code ? $"ended with exit code {code}" : "did not end in time";

    /// <summary>True while the supervisor is to start it again when it ends.</summary>
    public bool ShouldRun { get; set; }

    /// <summary>True while its process is there, running or paused.</summary>
    public bool IsThere => _program is { HasExited: false };

    /// <summary>Its process id; 0 where there is none.</summary>
    public int Id => _program?.Id ?? 0;

    /// <summary>The most memory that any of its lives had, KiB.</summary>
    public long PeakKibibytes { get; private set; }

    /// <summary>Turns that its lives were refused because another had committed or its life was over.</summary>
    public long Fenced => (long)(_fencedBefore + _fencedNow);

    /// <summary>Ends of its process that nobody asked for.</summary>
    public List<string> UnexpectedEnds { get; } = [];

    /// <summary>Starts it; waits for nothing. Does nothing where it is there.</summary>
    public Task StartAsync() => InTurnAsync(() =>
    {
        ShouldRun = true;
        Launch();
        return Task.CompletedTask;
    });

    /// <summary>kill -9.</summary>
    public Task KillAsync() => InTurnAsync(async () =>
    {
        ShouldRun = false;
        if (_program is { } program)
        {
            await program.KillAsync();
            await LeaveAsync();
        }
    });

    /// <summary>SIGSTOP: it is there and does nothing.</summary>
    public Task PauseAsync() => InTurnAsync(() => SignalAsync("STOP"));

    /// <summary>SIGCONT.</summary>
    public Task ResumeAsync() => InTurnAsync(() => SignalAsync("CONT"));

    /// <summary>SIGTERM, and waits for its end.</summary>
    /// <returns>Its exit code; null where it did not end in time and was killed, or was not there.</returns>
    public async Task<int?> StopAsync(TimeSpan within)
    {
        int? exitCode = null;
        await LookAsync();
        await InTurnAsync(async () =>
        {
            ShouldRun = false;
            if (_program is { } program)
            {
                await SignalAsync("TERM");
                try
                {
                    exitCode = (await program.EndAsync(within)).ExitCode;
                }
                catch (TimeoutException)
                {
                    // Said by the null.
                }

                await LeaveAsync();
            }
        });
        return exitCode;
    }

    /// <summary>Notes an end that nobody asked for, and starts it again.</summary>
    public Task SuperviseAsync() => InTurnAsync(async () =>
    {
        if (ShouldRun && _program is { HasExited: true } ended)
        {
            ProgramEnd end = await ended.EndAsync();
            string last = (end.Errors.Length > 0 ? end.Errors : end.Output.TrimEnd().Split('\n')[^1]).Trim();
            UnexpectedEnds.Add(
                $"{Name} ended by itself with exit code {end.ExitCode}: {last[..Math.Min(last.Length, MostWords)]}");
            await LeaveAsync();
            Launch();
        }
    });

    /// <summary>True when it says that it can take traffic.</summary>
    public async Task<bool> IsReadyAsync()
    {
        try
        {
            using HttpResponseMessage answer = await _http.GetAsync("/health/ready");
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Notes its memory and what it was refused.</summary>
    public async Task LookAsync()
    {
        if (!IsThere)
        {
            return;
        }

        try
        {
            string? peak = File.ReadLines($"/proc/{Id}/status").FirstOrDefault(static l => l.StartsWith("VmHWM"));
            PeakKibibytes = peak is null
                ? PeakKibibytes
                : Math.Max(PeakKibibytes, long.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], null));
            Match fenced = FencedTurns().Match(await _http.GetStringAsync("/metrics"));
            _fencedNow = fenced.Success
                ? double.Parse(fenced.Groups[1].Value, CultureInfo.InvariantCulture)
                : _fencedNow;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            // It is paused, or just gone: the last look counts.
        }
    }

    public async ValueTask DisposeAsync()
    {
        ShouldRun = false;
        await InTurnAsync(LeaveAsync);
        _http.Dispose();
        _lifeGate.Dispose();
    }

    private void Launch()
    {
        if (_program is null)
        {
            _fencedBefore += _fencedNow;
            _fencedNow = 0;
            string[] line =
            [
                .. place.Network.Under, "dotnet", Repository.SiloProgram,
                .. place.Settings.Select(static setting => $"--TwinGrid:{setting}"),
            ];
            _program = RunningProgram.Start(line[0], line[1..], place.Home);
        }
    }

    private async Task SignalAsync(string signal)
    {
        if (_program is { HasExited: false } program)
        {
            try
            {
                await program.SignalAsync(signal);
            }
            catch (InvalidOperationException) when (program.HasExited)
            {
                // It ended by itself just before: what was asked of it is seen, or not, by those who asked.
            }
        }
    }

    private async Task InTurnAsync(Func<Task> change)
    {
        await _lifeGate.WaitAsync();
        try
        {
            await change();
        }
        finally
        {
            _lifeGate.Release();
        }
    }

    private async Task LeaveAsync()
    {
        if (_program is { } program)
        {
            await program.DisposeAsync();
            await File.AppendAllTextAsync(
                Path.Combine(place.Home, "output.txt"), $"--- {program.Id}\n{program.Output}{program.Errors}\n");
            _program = null;
        }
    }

    [GeneratedRegex("""^twingrid_store_turns\w*\{[^}]*"fenced"[^}]*\} ([0-9.eE+]+)""", RegexOptions.Multiline)]
    private static partial Regex FencedTurns();
}
