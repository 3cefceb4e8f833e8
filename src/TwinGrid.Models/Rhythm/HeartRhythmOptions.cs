namespace TwinGrid.Models.Rhythm;

/// <summary>In what beat intervals are sent.</summary>
internal enum BeatUnit : byte
{
    Seconds = 0,
    Milliseconds = 1,
}

/// <summary>The options of <see cref="HeartRhythm"/>.</summary>
/// <param name="Unit"><c>seconds</c> (default) or <c>milliseconds</c>.</param>
/// <param name="Enter">
/// From which irregularity on it is atrial fibrillation, 0.1 to 1; default 0.475. 1 is what half of fibrillation
/// reaches.
/// </param>
/// <param name="Leave">
/// Below which irregularity of the last 16 beats it is over, 0.05 to 1; default 0.3.
/// </param>
/// <param name="MaxGap">After a silence longer than this nothing earlier counts, 10s to 1d; default 5m.</param>
internal sealed record HeartRhythmOptions(BeatUnit Unit, double Enter, double Leave, Duration MaxGap)
{
    public static HeartRhythmOptions Read(ModelOptions options)
    {
        HeartRhythmOptions read = new(
            options.Choice("unit", BeatUnit.Seconds),
            options.Number("enter", 0.475, 0.1, 1),
            options.Number("leave", 0.3, 0.05, 1),
            options.Duration("maxGap", TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(10), TimeSpan.FromDays(1)));
        options.RefuseOthers();
        return read;
    }
}
