using WindFarm.Simulation;

namespace WindFarm.Watching;

/// <summary>
/// The story that the sample promises of its first failing bearing, judged by what the grid said: warned by second 10,
/// derated by 15, cleared by 22, counted from the first live picture.
/// </summary>
internal sealed class Story
{
    private const double WarnedBy = 10;
    private const double ObeyedBy = 15;
    private const double ClearedBy = 22;

    private readonly IReadOnlyCollection<FarmEvent> _events;

    public Story(IReadOnlyCollection<FarmEvent> events)
    {
        string twin = FormattableString.Invariant($"turbine/t{BearingFault.FirstTurbine:00}");
        _events = [.. events.Where(e => e.Twin == twin)];
    }

    /// <summary>One line per step that has come due: what should have happened by when, and when it did.</summary>
    /// <param name="seconds">How long the farm ran; steps after it are not judged.</param>
    public IEnumerable<(bool Held, string Line)> Judge(double seconds)
    {
        (string Step, double By, FarmEvent? Seen)[] steps =
        [
            ("warned", WarnedBy, First(FarmEventKind.AlarmRaised, name => name != "overheat" && name[0] != '_')),
            ("derate sent", ObeyedBy, First(FarmEventKind.CommandSent, name => name == "derate")),
            ("derate obeyed", ObeyedBy, _events.FirstOrDefault(
                e => e is { Kind: FarmEventKind.CommandEnded, Name: "derate", Detail: "succeeded" })),
            ("overheat cleared", ClearedBy, First(FarmEventKind.AlarmCleared, name => name == "overheat")),
        ];
        foreach ((string step, double by, FarmEvent? seen) in steps)
        {
            if (seconds >= by)
            {
                string when = seen is null
                    ? "did not happen"
                    : FormattableString.Invariant($"at {seen.Second:0.0} s");
                yield return (seen?.Second <= by, FormattableString.Invariant($"{step,-16} by {by,2:0} s: {when}"));
            }
        }
    }

    private FarmEvent? First(FarmEventKind kind, Func<string, bool> name) =>
        _events.FirstOrDefault(e => e.Kind == kind && name(e.Name));
}
