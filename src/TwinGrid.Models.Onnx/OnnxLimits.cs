namespace TwinGrid.Models.Onnx;

/// <summary>
/// How large a model of a kind file may be: a wrong file must stop the start with a sentence, not the process by its
/// memory. Not changed once read.
/// </summary>
public sealed record OnnxLimits
{
    /// <summary>
    /// The most bytes of a file, weights included (those that a graph keeps in files beside it are not counted).
    /// Default 256 MiB: the runtime holds them in memory, some of them twice while it reads.
    /// </summary>
    public long FileBytes { get; init; } = 256 << 20;

    /// <summary>
    /// The most numbers of one run: its rows, by the option <c>batch</c> or by the graph's own fixed first axis, times
    /// the numbers of a row. Default 4,194,304: 32 MiB of doubles.
    /// </summary>
    public int RunNumbers { get; init; } = 4 << 20;

    /// <summary>
    /// The most numbers that an output may have for each row. Default 4,096: a prediction takes at most four of them.
    /// </summary>
    public int OutputColumns { get; init; } = 4096;
}
