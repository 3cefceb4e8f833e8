using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace TwinGrid.LoadTest.Measuring;

/// <summary>What has been used up to a moment; NaN or null where it cannot be known.</summary>
/// <param name="GridCpu">Processor seconds of the grid.</param>
/// <param name="ClientCpu">Processor seconds of this program.</param>
/// <param name="Allocated">Bytes that the grid allocated.</param>
/// <param name="Collections">Its garbage collections of generation 0, 1 and 2.</param>
internal sealed record ResourceReading(double GridCpu, double ClientCpu, double Allocated, long[]? Collections);

/// <summary>
/// Reads what the processes of a grid use together: CPU and memory from /proc (man 5 proc), allocation and collections
/// from the runtime's counters at <c>/metrics</c>.
/// </summary>
/// <param name="processes">Their ids; none where they are not ours.</param>
/// <param name="apis">Their addresses, http://host:port; none where they have no metrics.</param>
internal sealed partial class ResourceMeter(IReadOnlyList<int> processes, IReadOnlyList<Uri> apis) : IDisposable
{
    // USER_HZ, by which /proc counts: 100 on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };

    /// <summary>Reads everything now.</summary>
    public async Task<ResourceReading> ReadAsync()
    {
        string metrics = await MetricsAsync();
        return new ResourceReading(
            GridCpu(), Environment.CpuUsage.TotalTime.TotalSeconds, Sum(Allocation(), metrics), Collections(metrics));
    }

    /// <summary>The most memory that the grid ever had, in MiB; null where it cannot be known.</summary>
    public double? PeakRssMiB() =>
        processes.Count == 0 ? null : processes.Sum(static pid => StatusKib(pid, "VmHWM:")) / 1024;

    /// <summary>The bytes of memory that the grid has now; NaN where it cannot be known.</summary>
    public double RssBytes() =>
        processes.Count == 0 ? double.NaN : processes.Sum(static pid => StatusKib(pid, "VmRSS:")) * 1024;

    /// <summary>The bytes of its heap after its last collection; NaN where it does not tell.</summary>
    public async Task<double> HeapBytesAsync() => Sum(HeapSize(), await MetricsAsync());

    /// <summary>Processor seconds of the grid; NaN where they cannot be known.</summary>
    public double GridCpu() => processes.Count == 0 ? double.NaN : processes.Sum(Cpu);

    public void Dispose() => _http.Dispose();

    private static double Cpu(int pid)
    {
        // After the name in parentheses, which may hold anything: state is field 3, utime 14, stime 15.
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (Number(fields[11]) + Number(fields[12])) / TicksPerSecond;
    }

    private static double StatusKib(int process, string name)
    {
        string line = File.ReadLines($"/proc/{process}/status")
            .First(line => line.StartsWith(name, StringComparison.Ordinal));
        return Number(line[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim());
    }

    private async Task<string> MetricsAsync()
    {
        StringBuilder all = new();
        foreach (Uri api in apis)
        {
            using HttpResponseMessage answer = await _http.GetAsync(new Uri(api, "/metrics"));
            all.AppendLine(answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync() : "");
        }

        return all.ToString();
    }

    private static double Sum(Regex sample, string metrics)
    {
        MatchCollection found = sample.Matches(metrics);
        return found.Count == 0 ? double.NaN : found.Sum(static match => Number(match.Groups["value"].Value));
    }

    private static long[]? Collections(string metrics)
    {
        var counts = new long[3];
        MatchCollection found = Generation().Matches(metrics);
        foreach (Match match in found)
        {
            counts[(int)Number(match.Groups["generation"].Value)] += (long)Number(match.Groups["value"].Value);
        }

        return found.Count == 0 ? null : counts;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^dotnet_gc_heap_total_allocated\w*?(?:\{[^}]*\})? (?<value>[0-9.eE+]+)", RegexOptions.Multiline)]
    private static partial Regex Allocation();

    [GeneratedRegex(
        @"^dotnet_gc_last_collection_heap_size\w*?(?:\{[^}]*\})? (?<value>[0-9.eE+]+)", RegexOptions.Multiline)]
    private static partial Regex HeapSize();

    [GeneratedRegex(
        @"^dotnet_gc_collections\w*?\{[^}]*gen(?<generation>[012])""[^}]*\} (?<value>[0-9.eE+]+)",
        RegexOptions.Multiline)]
    private static partial Regex Generation();
}
