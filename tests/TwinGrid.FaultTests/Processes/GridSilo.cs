using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using TwinGrid.ClusterTests.Processes;

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

    /// <summary>Its HTTP port.</summary>
    public required int HttpPort { get; init; }

    /// <summary>Its port for other silos, as they know it.</summary>
    public required int SiloPort { get; init; }

    /// <summary>Its port for Orleans clients.</summary>
    public required int ClientPort { get; init; }

    /// <summary>True for a process that holds no twins and answers no API.</summary>
    public required bool IsGatewayOnly { get; init; }
}

/// <summary>
/// A silo of the grid under test: a process that is killed, stopped, paused and started again, always at the same
/// place. Only ever signalled by the id of the process that this started.
/// </summary>
internal sealed partial class GridSilo(SiloPlace place) : IAsyncDisposable
{
    private readonly HttpClient _http = new()
    {
        BaseAddress = new Uri($"http://127.0.0.1:{place.HttpPort}"),
        Timeout = TimeSpan.FromSeconds(2),
    };

    private RunningProgram? _program;
    private double _fencedBefore;
    private double _fencedNow;

    /// <summary>Its name.</summary>
    public string Name => place.Name;

    /// <summary>Where it is.</summary>
    public SiloPlace Place => place;

    /// <summary>Its web address.</summary>
    public Uri Web => _http.BaseAddress!;

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

    /// <summary>Starts it; waits for nothing.</summary>
    public void Start()
    {
        _fencedBefore += _fencedNow;
        _fencedNow = 0;
        ShouldRun = true;
        _program = RunningProgram.Start(
            "dotnet",
            [Repository.SiloProgram, .. place.Settings.Select(static setting => $"--TwinGrid:{setting}")], place.Home);
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        ShouldRun = false;
        if (_program is { } program)
        {
            await program.KillAsync();
            await LeaveAsync();
        }
    }

    /// <summary>SIGSTOP: it is there and does nothing.</summary>
    public Task PauseAsync() => _program!.SignalAsync("STOP");

    /// <summary>SIGCONT.</summary>
    public async Task ResumeAsync()
    {
        if (IsThere)
        {
            await _program!.SignalAsync("CONT");
        }
    }

    /// <summary>SIGTERM, and waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync(TimeSpan within)
    {
        ShouldRun = false;
        await LookAsync();
        RunningProgram program = _program!;
        await program.SignalAsync("TERM");
        ProgramEnd end = await program.EndAsync(within);
        await LeaveAsync();
        return end.ExitCode;
    }

    /// <summary>Notes an end that nobody asked for, and starts it again.</summary>
    public async Task SuperviseAsync()
    {
        if (ShouldRun && _program is { HasExited: true } ended)
        {
            ProgramEnd end = await ended.EndAsync();
            string last = end.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault("") + end.Errors;
            UnexpectedEnds.Add($"{Name} ended by itself with exit code {end.ExitCode}: {last.Trim()}");
            await LeaveAsync();
            Start();
        }
    }

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
        await LeaveAsync();
        _http.Dispose();
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
