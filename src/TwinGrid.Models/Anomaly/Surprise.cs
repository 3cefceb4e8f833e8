namespace TwinGrid.Models.Anomaly;

/// <summary>
/// How surprising a deviation is, in powers of ten: -log10 of how often one as large comes, by the deviations' own
/// spread and tail. Unmanaged, 5 doubles.
/// </summary>
internal struct Surprise
{
    /// <summary>Standard deviations in a mean absolute one, of a Gaussian.</summary>
    public const double SigmasPerMeanAbsolute = 1.2533;

    private const double FarInSigmas = 3;
    private const double WildestSize = 1e6;
    private const int Young = 10;

    private double _meanAbsolute;
    private TailEstimate _tail;

    /// <summary>A standard deviation of late.</summary>
    public readonly double Sigma => SigmasPerMeanAbsolute * _meanAbsolute;

    public void Begin() => _tail.Begin();

    /// <summary>The deviation that is surprising by this much.</summary>
    public readonly double DeviationAt(double surprise, double indistinct) =>
        Math.Max(Sigma, indistinct) * _tail.SizeAt(Math.Min(TailEstimate.EdgeRate, Math.Exp(-surprise * Math.Log(10))));

    /// <summary>Judges a deviation by those before it, then learns it.</summary>
    /// <param name="deviation">In the signal's unit.</param>
    /// <param name="indistinct">A deviation that is none.</param>
    /// <param name="readings">How many came before.</param>
    /// <param name="memory">How many are remembered.</param>
    public double Learn(double deviation, double indistinct, double readings, double memory)
    {
        double sigma = Math.Max(Sigma, indistinct);
        double far = Math.Abs(deviation);
        double size = Math.Min(far / sigma, WildestSize);
        double surprise = -Math.Log10(Math.Max(_tail.Exceedance(size), Magnitude.Smallest));
        bool young = readings < Young;
        double believed = young ? far : Math.Min(far, FarInSigmas * sigma);
        _meanAbsolute += (believed - _meanAbsolute) / Math.Min(readings + 1, memory);
        if (!young)
        {
            _tail.Learn(size, readings, memory);
        }

        return surprise;
    }
}
