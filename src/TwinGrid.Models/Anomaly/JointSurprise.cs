namespace TwinGrid.Models.Anomaly;

/// <summary>
/// How odd a reading is by its views together: what breaks is off its course, and by a step, and beyond the range;
/// what normal signals do now and then is odd in one of these. Not a probability: the views depend on each other.
/// </summary>
/// <remarks>
/// The weighted sum of the surprises (Fisher's method, with weights for what they share): level + <see cref="Step"/>
/// step + <see cref="Range"/> r, where r is <see cref="SeenRange.Surprise"/> less <see cref="Slightly"/> for each
/// tenth part of <see cref="Clearly"/> by which the range was left: signals that drift leave it again and again, but
/// only just. The constants were chosen for the best score on 31 files of the Numenta Anomaly Benchmark at 0.99 with at
/// most one alarm per signal and 43,200 readings of BATADAL's normal year and SKAB's anomaly-free run, both fed at one
/// a minute. Of 174 sets drawn within about a third of these, 107 kept to that, with a median score of 72.0; the best
/// of those for all other kinds of files scored 73.5 on the kind left out.
/// </remarks>
internal static class JointSurprise
{
    private const double Step = 0.5;
    private const double Range = 0.15;
    private const double Clearly = 0.23;
    private const double Slightly = 2.5;

    /// <summary>Sums vary more than views, so their memory is shorter and their bar rises faster.</summary>
    public static EventRules Events { get; } = new(
        Pause: 100, Margin: 0.25, Memory: 3_500, Free: 1.6, Penalty: 4.2, Exponent: 1.5, LeastExperience: 400);

    /// <summary>
    /// The power of ten on the scale of one view's: half as steep, because the views depend on each other, and such
    /// that at 4 (a score of 0.99) normal signals, and Laplace's noise, alarm about once in 43,200 readings or less.
    /// </summary>
    public static double Rarity(double sum) => (sum + 2) / 2;

    /// <summary>The sum.</summary>
    /// <param name="level">Of the distance from what is usual at that hour.</param>
    /// <param name="step">Of the distance from the reading before.</param>
    /// <param name="outside">By how much of the range the reading lies outside.</param>
    /// <param name="readings">How many came before, as far as they count.</param>
    public static double Of(double level, double step, double outside, double readings)
    {
        double range = outside > 0
            ? SeenRange.Surprise(outside, readings) - (Slightly * Math.Max(0, Math.Log10(Clearly / outside)))
            : 0;
        return level + (Step * step) + (Range * Math.Max(0, range));
    }
}
