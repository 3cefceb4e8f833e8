using TwinGrid.ModelBench.Arguments;

namespace TwinGrid.ModelBench;

/// <summary>One thing that the bench does.</summary>
/// <param name="Name">The first word of the command line.</param>
/// <param name="Usage">Its options, as the message about a wrong command line shows them.</param>
/// <param name="Run">Does it; the exit code.</param>
internal sealed record Verb(string Name, string Usage, Func<BenchArguments, int> Run);
