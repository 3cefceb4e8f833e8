namespace WindFarm.Watching;

/// <summary>What sort of thing happened.</summary>
internal enum FarmEventKind
{
    AlarmRaised,
    AlarmCleared,
    CommandSent,
    CommandEnded,
}

/// <summary>Something that the grid said and a person wants to know.</summary>
/// <param name="Second">When it was heard, seconds since the first live picture.</param>
/// <param name="Twin">Whose, <c>kind/key</c>.</param>
/// <param name="Kind">What sort.</param>
/// <param name="Name">The alarm's or command's name, and what is to be said of it.</param>
/// <param name="Detail">Severity, arguments or end.</param>
/// <param name="Why">One sentence, the grid's own.</param>
internal sealed record FarmEvent(
    double Second, string Twin, FarmEventKind Kind, string Name, string Detail, string Why)
{
    /// <summary>The event as one line.</summary>
    public override string ToString()
    {
        string what = Kind switch
        {
            FarmEventKind.AlarmRaised => $"alarm {Name} raised ({Detail})",
            FarmEventKind.AlarmCleared => $"alarm {Name} cleared",
            FarmEventKind.CommandSent => $"command {Name} {Detail} sent",
            _ => $"command {Name} {Detail}",
        };
        return FormattableString.Invariant($"{Second,6:0.0} s  {Twin}  {what}: {Why}");
    }
}
