using System.Globalization;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Table;

/// <summary>How a figure was made.</summary>
internal enum Seen
{
    /// <summary>Options were chosen with these very data in sight.</summary>
    Development,

    /// <summary>Judged on units or hours not learnt from; constants were chosen with these files in sight.</summary>
    UnitsHeldOut,

    /// <summary>The publisher's own test files, which decided nothing.</summary>
    OfficialTest,

    /// <summary>Made-up signals, of which mathematics says what is in them, or which only cost.</summary>
    MadeUp,
}

/// <summary>One row of the table: a score on a data set.</summary>
/// <param name="Data">The data set.</param>
/// <param name="Score">What is counted.</param>
/// <param name="Ours">What our model does.</param>
/// <param name="Nothing">What those do that know nothing, or almost.</param>
/// <param name="Published">What others published.</param>
/// <param name="Seen">How the figure was made.</param>
/// <param name="Cost">
/// What a sample costs; null where it is judged by what a row before measured: the table then shows the same.
/// </param>
internal sealed record TableRow(
    string Data, string Score, string Ours, string Nothing, string Published, Seen Seen, ModelCost? Cost)
{
    /// <summary>The head of the table.</summary>
    public const string Header =
        """
        | Model: data | Score | TwinGrid | Knowing little | Published | Judged on | µs | Bytes |
        |---|---|---|---|---|---|---|---|
        """;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"| {Data} | {Score} | {Ours} | {Nothing} | {Published} | {Words} | {Micros} | {Bytes} |");

    private string Words => Seen switch
    {
        Seen.OfficialTest => "official test",
        Seen.UnitsHeldOut => "units held out, constants not",
        Seen.MadeUp => "made up",
        _ => "development",
    };

    private string Micros => Cost is { } cost
        ? (cost.Seconds * 1e6 / Math.Max(1, cost.Samples)).ToString("0.0#", CultureInfo.InvariantCulture)
        : "";

    private string Bytes => Cost is { } cost ? cost.StateBytes.ToString("#,0", CultureInfo.InvariantCulture) : "";
}
