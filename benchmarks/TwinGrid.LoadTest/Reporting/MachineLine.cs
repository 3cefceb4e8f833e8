using System.Globalization;
using System.Runtime.InteropServices;

namespace TwinGrid.LoadTest.Reporting;

/// <summary>The machine in one line: a figure without it says nothing.</summary>
internal static class MachineLine
{
    /// <summary>Processors, memory, system, runtime, the file system of the data, and the build.</summary>
    /// <param name="dataDirectory">Where the grid writes, or null where it is not ours.</param>
    public static string Read(string? dataDirectory)
    {
        string processor = First("/proc/cpuinfo", "model name")?.Split(':')[1].Trim()
            ?? RuntimeInformation.ProcessArchitecture.ToString();
        double gibibytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30);
        string disk = dataDirectory is null ? "" : $", data on {new DriveInfo(dataDirectory).DriveFormat}";
        string memory = gibibytes.ToString("0 GiB", CultureInfo.InvariantCulture);
        return $"{Environment.ProcessorCount} x {processor}, {memory}, "
            + $"{RuntimeInformation.OSDescription.Trim()}, {RuntimeInformation.FrameworkDescription}{disk}, "
            + $"load and grid share the machine{Build}";
    }

#if DEBUG
    private const string Build = ", DEBUG BUILD: these figures mean nothing";
#else
    private const string Build = "";
#endif

    private static string? First(string file, string beginning) =>
        File.Exists(file)
            ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith(beginning, StringComparison.Ordinal))
            : null;
}
