using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Backup;

/// <summary>The program's <c>verify</c>, as an operator runs it.</summary>
internal static class VerifyProgram
{
    public static Task<ProgramEnd> RunAsync(SiloHome home, params string[] settings) => RunAsync(home, [], settings);

    /// <summary>Folds the logs again as well.</summary>
    /// <param name="home">Whose.</param>
    /// <param name="twin">The one twin; null for all.</param>
    /// <param name="settings">Settings of the silo.</param>
    public static Task<ProgramEnd> RefoldAsync(SiloHome home, string? twin, params string[] settings) =>
        RunAsync(home, twin is null ? ["--refold"] : ["--refold", "--twin", twin], settings);

    private static Task<ProgramEnd> RunAsync(SiloHome home, string[] words, string[] settings) =>
        RunningProgram.RunAsync(
        "dotnet",
        [
            Repository.SiloProgram, "verify", .. words, $"--TwinGrid:DataDirectory={home.Data}",
            .. settings.Select(static setting => $"--TwinGrid:{setting}"),
        ],
        home.Root);
}
