using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Clocks;

/// <summary>
/// A wall clock of one process that a test sets, by libfaketime of Debian's package faketime; the monotonic clock stays
/// the machine's, as it does when somebody sets a real clock.
/// </summary>
internal sealed class FakedClock : IDisposable
{
    private static readonly string[] Libraries =
        [.. new[] { "x86_64-linux-gnu", "aarch64-linux-gnu" }
            .Select(static machine => $"/usr/lib/{machine}/faketime/libfaketimeMT.so.1")];

    private readonly string _file = Path.GetTempFileName();

    /// <summary>Skips the test where the library is missing.</summary>
    public FakedClock()
    {
        Library = Libraries.FirstOrDefault(File.Exists) ?? "";
        if (Library.Length == 0)
        {
            Assert.Skip("libfaketime is not installed");
        }

        Set("+0s");
    }

    /// <summary>What the process is started under.</summary>
    public IReadOnlyList<string> Environment =>
    [
        $"LD_PRELOAD={Library}", $"FAKETIME_TIMESTAMP_FILE={_file}", "FAKETIME_NO_CACHE=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
    ];

    private string Library { get; }

    /// <summary>Sets the clock, such as <c>-1d</c>.</summary>
    public void Set(string offset)
    {
        string next = _file + ".next";
        File.WriteAllText(next, offset + "\n");
        File.Move(next, _file, overwrite: true);
    }

    public void Dispose() => File.Delete(_file);
}
