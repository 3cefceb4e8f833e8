using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace TwinGrid.Tests.Storage.PostgreSql;

/// <summary>
/// A PostgreSQL of the tests' own: a cluster in a temporary directory, on a free port of loopback, which keeps what it
/// says (fsync, data checksums). It is started on first use, and only its own process is ever signalled.
/// </summary>
internal sealed partial class PostgreSqlServer : IAsyncDisposable
{
    private const string DebianDirectories = "/usr/lib/postgresql";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    private readonly string _directory;
    private readonly string _programs;
    private readonly string[] _settings;
    private Process? _postmaster;

    private PostgreSqlServer(string programs, string[] settings)
    {
        _programs = programs;
        _settings = [.. settings.SelectMany(static setting => (string[])["-c", setting])];
        _directory = Directory.CreateTempSubdirectory("twingrid-postgresql-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => _postmaster?.Kill();
    }

    /// <summary>The port that it listens on, the same over its restarts.</summary>
    public int Port { get; } = FreePort();

    /// <summary>The process id of the postmaster.</summary>
    public int ProcessId => _postmaster!.Id;

    /// <summary>How to reach its first database as its superuser.</summary>
    public string ConnectionString => $"Host=127.0.0.1;Port={Port};Database=postgres;Username=postgres";

    /// <summary>Starts it again; ends when it takes connections.</summary>
    public async Task StartAsync()
    {
        _postmaster = Launch(
            "postgres",
            ["-D", Data, "-p", $"{Port}", "-c", "listen_addresses=127.0.0.1",
            "-c", "unix_socket_directories=", "-c", "fsync=on", "-c", "max_connections=200",
            "-c", "shared_buffers=64MB", "-c", "logging_collector=off", "-c", "log_min_messages=fatal",
            .. _settings]);
        _ = _postmaster.StandardError.ReadToEndAsync();
        _ = _postmaster.StandardOutput.ReadToEndAsync();
        var watch = Stopwatch.StartNew();
        while (await RunAsync("pg_isready", "-h", "127.0.0.1", "-p", $"{Port}", "-q") != 0)
        {
            if (_postmaster.HasExited || watch.Elapsed > Patience)
            {
                throw new InvalidOperationException("PostgreSQL does not start");
            }

            await Task.Delay(BetweenLooks);
        }
    }

    /// <summary>kill -9 of the postmaster; ends when its children have noticed and are gone.</summary>
    public async Task KillAsync()
    {
        string[] children = await ChildrenAsync();
        _postmaster!.Kill();
        await _postmaster.WaitForExitAsync();
        while (children.Any(static process => Directory.Exists($"/proc/{process}")))
        {
            await Task.Delay(BetweenLooks);
        }
    }

    /// <summary>Stops at once, as <c>pg_ctl stop -m immediate</c> does: like a crash, without a checkpoint.</summary>
    public async Task StopImmediatelyAsync()
    {
        await SignalAsync("QUIT");
        await _postmaster!.WaitForExitAsync();
    }

    /// <summary>Sends a signal to the postmaster and to every process that it has started.</summary>
    public async Task SignalAllAsync(string signal)
    {
        foreach (string process in (string[])[$"{ProcessId}", .. await ChildrenAsync()])
        {
            using Process kill = Process.Start("kill", [$"-{signal}", process]);
            await kill.WaitForExitAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_postmaster is { HasExited: false })
        {
            await StopImmediatelyAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private string Data => Path.Combine(_directory, "data");

    /// <summary>Makes a cluster and starts it.</summary>
    /// <param name="programs">Where its programs are, see <see cref="FindPrograms"/>.</param>
    /// <param name="settings">Further settings, such as <c>track_commit_timestamp=on</c>.</param>
    /// <exception cref="InvalidOperationException">It could not be made.</exception>
    public static async Task<PostgreSqlServer> StartAsync(string programs, params string[] settings)
    {
        PostgreSqlServer server = new(programs, settings);
        if (Environment.IsPrivilegedProcess)
        {
            using Process own = Process.Start("chown", ["postgres", server._directory]);
            await own.WaitForExitAsync();
        }

        int made = await server.RunAsync(
            "initdb", "-D", server.Data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C",
            "--data-checksums");
        if (made != 0)
        {
            throw new InvalidOperationException($"initdb failed with {made}");
        }

        await server.StartAsync();
        return server;
    }

    /// <summary>The directory of its programs; null where it is not installed.</summary>
    public static string? FindPrograms()
    {
        IEnumerable<string> debian = Directory.Exists(DebianDirectories)
            ? Directory.EnumerateDirectories(DebianDirectories).OrderDescending().Select(d => Path.Combine(d, "bin"))
            : [];
        string[] path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return debian.Concat(path).FirstOrDefault(static d => File.Exists(Path.Combine(d, "initdb")));
    }

    private async Task<string[]> ChildrenAsync() =>
        (await File.ReadAllTextAsync($"/proc/{ProcessId}/task/{ProcessId}/children"))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private async Task SignalAsync(string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{ProcessId}"]);
        await kill.WaitForExitAsync();
    }

    private async Task<int> RunAsync(string program, params string[] arguments)
    {
        using Process process = Launch(program, arguments);
        Task output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        await output;
        return process.ExitCode;
    }

    // PostgreSQL refuses to run as root. setpriv becomes the program, so its process id is the program's.
    private Process Launch(string program, params string[] arguments)
    {
        string file = Path.Combine(_programs, program);
        string[] asPostgres = ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", file, .. arguments];
        ProcessStartInfo start = Environment.IsPrivilegedProcess ? new("setpriv", asPostgres) : new(file, arguments);
        start.WorkingDirectory = _directory;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        return Process.Start(start)!;
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
