using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace TwinGrid.ClusterTests.Processes;

/// <summary>
/// A program that a test started: its output is kept for messages, and it never outlives the tests.
/// </summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<int, Process> Alive = new();

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly Task _ended;

    static RunningProgram() => AppDomain.CurrentDomain.ProcessExit += static (_, _) => KillAll();

    private RunningProgram(Process process)
    {
        _process = process;
        Id = process.Id;
        _ended = Task.WhenAll(
            CollectAsync(process.StandardOutput, _output),
            CollectAsync(process.StandardError, _errors),
            process.WaitForExitAsync());
    }

    /// <summary>The process id.</summary>
    public int Id { get; }

    /// <summary>True once it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>What it wrote to its standard output so far.</summary>
    public string Output => Read(_output);

    /// <summary>What it wrote to its standard error so far.</summary>
    public string Errors => Read(_errors);

    /// <summary>Starts a program without the variables that would change what it does.</summary>
    public static RunningProgram Start(string program, IEnumerable<string> arguments, string workingDirectory)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (string name in start.Environment.Keys.Where(IsOfTheGridOrTheSdk).ToList())
        {
            start.Environment.Remove(name);
        }

        Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        Alive[process.Id] = process;
        process.StandardInput.Close();
        return new RunningProgram(process);
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<ProgramEnd> RunAsync(
        string program, IEnumerable<string> arguments, string? workingDirectory = null, TimeSpan? within = null)
    {
        await using RunningProgram running = Start(program, arguments, workingDirectory ?? Path.GetTempPath());
        return await running.EndAsync(within);
    }

    /// <summary>Runs a line as a person would type it.</summary>
    public static Task<ProgramEnd> RunShellAsync(string line, TimeSpan? within = null) =>
        RunAsync("sh", ["-c", line], within: within);

    /// <summary>Waits for its end; a program that does not end in time is killed and the test fails.</summary>
    public async Task<ProgramEnd> EndAsync(TimeSpan? within = null)
    {
        TimeSpan patience = within ?? Eventually.Patience;
        try
        {
            await _ended.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException(
                $"The program did not end within {patience.TotalSeconds:0} s:\n{Output}{Errors}");
        }

        return new ProgramEnd(_process.ExitCode, Output, Errors);
    }

    /// <summary>kill -9: it gets no chance to write or say anything.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Sends a signal by name, such as TERM or INT.</summary>
    public async Task SignalAsync(string signal) =>
        (await RunAsync("kill", [$"-{signal}", $"{Id}"])).Succeeded();

    /// <summary>Ends it, if it has not ended; may be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!Alive.TryRemove(Id, out _))
        {
            return;
        }

        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _ended;
        _process.Dispose();
    }

    // A test host sets variables for the SDK that would bend a dotnet command run by a test.
    private static bool IsOfTheGridOrTheSdk(string name) =>
        name.StartsWith("TwinGrid", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("VSTEST", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("ASPNETCORE", StringComparison.OrdinalIgnoreCase);

    private static void KillAll()
    {
        foreach (Process process in Alive.Values.Where(static p => !p.HasExited))
        {
            process.Kill(entireProcessTree: true);
        }
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    private static async Task CollectAsync(StreamReader from, StringBuilder to)
    {
        var buffer = new char[4096];
        int read;
        while ((read = await from.ReadAsync(buffer)) > 0)
        {
            lock (to)
            {
                to.Append(buffer, 0, read);
            }
        }
    }
}

/// <summary>How a program ended.</summary>
internal sealed record ProgramEnd(int ExitCode, string Output, string Errors)
{
    /// <summary>Itself, where the program ended well.</summary>
    /// <exception cref="InvalidOperationException">It did not; the message is all that it said.</exception>
    public ProgramEnd Succeeded() => ExitCode == 0
        ? this
        : throw new InvalidOperationException($"exit code {ExitCode}\n{Output}\n{Errors}");
}
