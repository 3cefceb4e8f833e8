using System.Globalization;
using WindFarm.Watching;

namespace WindFarm;

/// <summary>The last words of a run.</summary>
internal static class Summary
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>Prints what happened.</summary>
    /// <param name="watch">What the grid said.</param>
    /// <param name="seconds">How long the farm was shown.</param>
    /// <param name="isReplay">True for a replayed log, which has no story.</param>
    /// <returns>True when everything happened that should have.</returns>
    public static bool Print(FarmWatch watch, double seconds, bool isReplay)
    {
        (int raised, int cleared) = (watch.Count(FarmEventKind.AlarmRaised), watch.Count(FarmEventKind.AlarmCleared));
        (int sent, int ended) = (watch.Count(FarmEventKind.CommandSent), watch.Count(FarmEventKind.CommandEnded));
        PredictionScore score = watch.Score;
        Console.WriteLine();
        Console.WriteLine(string.Create(
            Invariant, $"{seconds:0} s, {watch.Twins.Count} twins, {watch.Readings} readings in them"));
        Console.WriteLine(string.Create(
            Invariant, $"alarms: {raised} raised, {cleared} cleared; commands: {sent} sent, {ended} answered"));
        Console.WriteLine(score.Count == 0
            ? "no prediction of power was published"
            : string.Create(
                Invariant,
                $"power predicted {score.Count} times: RMSE {score.Rmse:0} kW, maker's curve {score.MakerRmse:0} kW"));
        if (isReplay)
        {
            return score.Count > 0;
        }

        bool held = true;
        foreach ((bool stepHeld, string line) in new Story(watch.Events).Judge(seconds))
        {
            Console.WriteLine($"{(stepHeld ? "ok    " : "FAILED")}  {line}");
            held &= stepHeld;
        }

        return held;
    }
}
