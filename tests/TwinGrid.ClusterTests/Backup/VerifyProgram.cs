using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Backup;

/// <summary>The program's <c>verify</c>, as an operator runs it.</summary>
internal static class VerifyProgram
{
    public static Task<ProgramEnd> RunAsync(SiloHome home, params string[] settings) => RunningProgram.RunAsync(
        "dotnet",
        [
            Repository.SiloProgram, "verify", $"--TwinGrid:DataDirectory={home.Data}",
            .. settings.Select(static setting => $"--TwinGrid:{setting}"),
        ],
        home.Root);
}
