using System.Globalization;
using WindFarm.Watching;

namespace WindFarm.Screen;

/// <summary>
/// The farm as lines of text, for a log or a pipe: one line a second and one for each event.
/// </summary>
internal sealed class PlainScreen(FarmWatch watch, MessageCount messages, TimeProvider time)
    : FarmScreen(watch, messages, time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    public override async Task ShowAsync(CancellationToken cancellationToken)
    {
        int eventsShown = 0;
        double nextLine = 0;
        using PeriodicTimer timer = new(LookEvery, Time);
        do
        {
            foreach (FarmEvent happened in Watch.Events.Skip(eventsShown))
            {
                Console.WriteLine(happened);
                eventsShown++;
            }

            if (Watch.Seconds >= nextLine)
            {
                Console.WriteLine(Line(FarmPicture.Of(Watch)));
                nextLine = Math.Floor(Watch.Seconds) + 1;
            }
        }
        while (await WaitAsync(timer, cancellationToken));
    }

    private string Line(FarmPicture picture)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        int twins = picture.Turbines.Count + picture.OtherTwins;
        (int sent, int ended) = (Watch.Count(FarmEventKind.CommandSent), Watch.Count(FarmEventKind.CommandEnded));
        string grid = string.Create(
            invariant, $"{Watch.Seconds,6:0.0} s  {twins} twins  {MessagesPerSecond:0} messages/s  ");
        string farm = string.Create(
            invariant, $"{picture.MeanWind:0.0} m/s  {picture.Power:0.0} MW, predicted {picture.Predicted:0.0}  ");
        string control = string.Create(
            invariant, $"alarms {picture.Alarms}  commands {sent}, answered {ended}");
        string strangest = picture.Strangest is { } turbine
            ? string.Create(invariant, $"  score {turbine.Score:0.00} {turbine.Id}")
            : "";
        return grid + farm + control + strangest;
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
