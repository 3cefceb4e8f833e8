namespace TwinGrid.Models.Anomaly;

/// <summary>What <see cref="EventMemory"/> takes for an event and how fast events become usual. Immutable.</summary>
/// <param name="Pause">Readings after which an event is over.</param>
/// <param name="Margin">By how many powers of ten something must be odder than an event to be another.</param>
/// <param name="Memory">Over how many readings events are counted.</param>
/// <param name="Free">So many events as odd cost nothing.</param>
/// <param name="Penalty">How much each further one costs.</param>
/// <param name="Exponent">
/// How fast the bar rises with experience: below 1 the false alarms in a signal's life grow slower than its readings,
/// 1 would be one in so many for ever.
/// </param>
/// <param name="LeastExperience">Readings below which the bar is no lower.</param>
internal sealed record EventRules(
    double Pause, double Margin, double Memory, double Free, double Penalty, double Exponent, double LeastExperience);
