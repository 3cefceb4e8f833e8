using System.Globalization;
using WindFarm.Watching;

namespace WindFarm;

/// <summary>The last words of a run.</summary>
/// <param name="watch">What the grid said.</param>
/// <param name="messages">How many messages the grid took since the first live picture.</param>
/// <param name="seconds">How long the farm was shown.</param>
/// <param name="startSeconds">From the start of the process to the first live picture.</param>
internal sealed class Summary(FarmWatch watch, long messages, double seconds, double startSeconds)
{
    /// <summary>Prints what happened.</summary>
    /// <param name="isReplay">True for a replayed log, which has no story.</param>
    /// <returns>True when everything happened that should have.</returns>
    public bool Print(bool isReplay)
    {
        (int raised, int cleared) = (watch.Count(FarmEventKind.AlarmRaised), watch.Count(FarmEventKind.AlarmCleared));
        (int sent, int ended) = (watch.Count(FarmEventKind.CommandSent), watch.Count(FarmEventKind.CommandEnded));
        PredictionScore score = watch.Score;
        Console.WriteLine();
        Say($"first live picture {startSeconds:0.0} s after the start, then {seconds:0} s");
        Say($"{watch.Twins.Count} twins, {messages} messages, {messages / seconds:0}/s, {watch.Readings} readings");
        Say($"alarms: {raised} raised, {cleared} cleared; commands: {sent} sent, {ended} answered");
        Say($"power: {score.Count} predictions seen, RMSE {score.Rmse:0} kW; the maker's curve {score.MakerRmse:0} kW");
        return isReplay ? score.Count > 0 : PrintStory();
    }

    private bool PrintStory()
    {
        bool held = true;
        foreach ((bool stepHeld, string line) in new Story(watch.Events).Judge(seconds))
        {
            Console.WriteLine($"{(stepHeld ? "ok    " : "FAILED")}  {line}");
            held &= stepHeld;
        }

        return held;
    }

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
