namespace TwinGrid.ModelBench.Anomaly;

/// <summary>
/// What the benchmark pays: for a window found, for a window missed, for an alarm outside all windows.
/// </summary>
/// <param name="Name">As published.</param>
/// <param name="Found">A_TP: what a detection at the very start of a window earns.</param>
/// <param name="Missed">A_FN: what a window without a detection costs.</param>
/// <param name="FalseAlarm">A_FP: what an alarm outside the windows costs at most.</param>
internal sealed record NabProfile(string Name, double Found, double Missed, double FalseAlarm)
{
    public static NabProfile Standard { get; } = new("standard", 1, 1, 0.11);

    public static NabProfile FewFalseAlarms { get; } = new("reward_low_FP_rate", 1, 1, 0.22);

    public static NabProfile FewMisses { get; } = new("reward_low_FN_rate", 1, 2, 0.11);

    public static NabProfile[] All { get; } = [Standard, FewFalseAlarms, FewMisses];
}
