using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using WindFarm.Watching;

namespace WindFarm.Screen;

/// <summary>The farm as a table in the terminal that is drawn anew four times a second.</summary>
internal sealed class LiveScreen(FarmWatch watch, MessageCount messages, TimeProvider time)
    : FarmScreen(watch, messages, time)
{
    private const int EventsShown = 5;

    // Two of header, three of the table's head and foot, one that says what is hidden; an event may need two.
    private const int LinesBesideTheTable = 6 + 2 * EventsShown;
    private const int WidthOfOneTable = 79;
    private const int WidthOfAlarms = 19;
    private static readonly TimeSpan DrawEvery = TimeSpan.FromMilliseconds(250);

    public override Task ShowAsync(CancellationToken cancellationToken) =>
        AnsiConsole.Live(Draw()).AutoClear(false).StartAsync(async context =>
        {
            using PeriodicTimer timer = new(DrawEvery, Time);
            while (!cancellationToken.IsCancellationRequested)
            {
                context.UpdateTarget(Draw());
                await timer.WaitForNextTickAsync(cancellationToken)
                    .AsTask()
                    .ContinueWith(static _ => { }, TaskScheduler.Default);
            }

            context.UpdateTarget(Draw());
        });

    private Rows Draw()
    {
        FarmPicture picture = FarmPicture.Of(Watch);
        int tables = AnsiConsole.Profile.Width >= 2 * WidthOfOneTable ? 2 : 1;
        int height = Math.Min(
            Math.Max(4, AnsiConsole.Profile.Height - LinesBesideTheTable),
            Math.Max(1, (picture.Turbines.Count + tables - 1) / tables));
        IRenderable[] columns =
        [
            .. picture.Turbines.Chunk(height).Take(tables).Select(lines => TurbineTable(lines)),
        ];
        int hidden = picture.Turbines.Count - tables * height;
        Grid sideBySide = new Grid().AddColumns(columns.Length);
        sideBySide.AddRow(columns);
        return new Rows(
            Header(picture),
            sideBySide,
            new Text(hidden > 0 ? $"… and {hidden} more; a larger window shows them" : ""),
            EventLines());
    }

    private Markup Header(FarmPicture picture)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        string alarms = picture.Alarms > 0 ? $"[bold red]{picture.Alarms}[/]" : "0";
        return new Markup(string.Create(
            invariant,
            $"[bold]TwinGrid wind farm[/]  {Watch.Seconds:0} s   {picture.Turbines.Count} turbines, ")
            + string.Create(invariant, $"{picture.OtherTwins} masts   wind [aqua]{picture.MeanWind:0.0}[/] m/s   ")
            + string.Create(invariant, $"power [green]{picture.Power:0.0}[/] MW, predicted {picture.Predicted:0.0}   ")
            + string.Create(invariant, $"{MessagesPerSecond:0} messages/s\n")
            + string.Create(invariant, $"alarms active {alarms}   commands {Watch.Count(FarmEventKind.CommandSent)} ")
            + string.Create(invariant, $"sent, {Watch.Count(FarmEventKind.CommandEnded)} answered"));
    }

    private static Table TurbineTable(IEnumerable<TurbineLine> lines)
    {
        Table table = new Table().Border(TableBorder.Simple);
        table.AddColumn("turbine");
        foreach (string name in (string[])["wind", "power", "predicted", "bearing", "score"])
        {
            table.AddColumn(new TableColumn(name).RightAligned());
        }

        table.AddColumn(new TableColumn("alarms, command").Width(WidthOfAlarms).NoWrap());
        foreach (TurbineLine line in lines)
        {
            string colour = line.Alarms.Count > 0 ? "red" : line.Score > 0.9 ? "yellow" : "default";
            table.AddRow(
                $"[{colour}]{Markup.Escape(line.Id[(line.Id.IndexOf('/') + 1)..])}[/]",
                Cell(line.WindSpeed, "0.0", "default"),
                Cell(line.Power, "0", "default"),
                Cell(line.Predicted, "0", "default"),
                Cell(line.BearingTemperature, "0.0", colour),
                Cell(line.Score, "0.00", colour),
                Markup.Escape(Cut(string.Join(", ", line.Alarms.Append(line.LastCommand).Where(t => t.Length > 0)))));
        }

        return table;
    }

    private static string Cell(double value, string format, string colour) =>
        double.IsNaN(value) ? "" : $"[{colour}]{value.ToString(format, CultureInfo.InvariantCulture)}[/]";

    private static string Cut(string text) =>
        text.Length <= WidthOfAlarms ? text : string.Concat(text.AsSpan(0, WidthOfAlarms - 1), "…");

    private Rows EventLines() => new(Watch.Events.TakeLast(EventsShown).Select(happened => new Text(
        happened.ToString(),
        new Style(happened.Kind switch
        {
            FarmEventKind.AlarmRaised => Color.Red,
            FarmEventKind.AlarmCleared => Color.Green,
            _ => Color.Aqua,
        }))));
}
