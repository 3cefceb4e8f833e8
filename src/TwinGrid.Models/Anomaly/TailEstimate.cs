namespace TwinGrid.Models.Anomaly;

/// <summary>
/// How often a size as large as this comes: the upper tail of a positive statistic, learnt online, for Gaussian and
/// for heavy-tailed noise alike. Unmanaged, 4 doubles.
/// </summary>
/// <remarks>
/// Peaks over a threshold (Pickands 1975; on streams Siffer et al., "Anomaly detection in streams with extreme
/// value theory", KDD 2017). The threshold is the <see cref="EdgeRate"/> quantile, followed by gradient steps; what
/// exceeds it is a generalised Pareto tail whose two parameters come from mean and mean square of the excess
/// (Hosking and Wallis 1987), the shape one standard error (k^-1/2 of k excesses) heavier than estimated, so that
/// what was never seen is not called rarer than the data can tell. It begins as a Gaussian's tail, a little heavier,
/// in standard deviations; it never gets an end, because every end is passed one day.
/// </remarks>
internal struct TailEstimate
{
    /// <summary>The part of normal readings beyond the edge.</summary>
    public const double EdgeRate = 0.1;

    private const double PriorExcesses = 10;
    private const double LightestShape = 0;
    private const double HeaviestShape = 0.4;

    private double _edge;
    private double _excess;
    private double _excessSquare;
    private double _excesses;

    /// <summary>
    /// A Gaussian's edge, its mean excess (0.42) and a little; mean square as of an exponential tail.
    /// </summary>
    public void Begin()
    {
        _edge = 1.65;
        _excess = 0.45;
        _excessSquare = 0.405;
        _excesses = PriorExcesses;
    }

    /// <summary>The probability that a normal reading is as large.</summary>
    public readonly double Exceedance(double size)
    {
        if (size <= _edge)
        {
            return _edge > 0 ? 1 - ((1 - EdgeRate) * size / _edge) : 1;
        }

        (double shape, double scale) = Pareto();
        double steps = (size - _edge) / scale;
        return Math.Abs(shape) < 0.01
            ? EdgeRate * Math.Exp(-steps)
            : EdgeRate * Math.Exp(-Math.Log(Math.Max(Magnitude.Smallest, 1 + (shape * steps))) / shape);
    }

    /// <summary>The size that a normal reading exceeds with this probability, at most <see cref="EdgeRate"/>.</summary>
    public readonly double SizeAt(double probability)
    {
        (double shape, double scale) = Pareto();
        double steps = Math.Log(EdgeRate / probability);
        return _edge + (scale * (Math.Abs(shape) < 0.01 ? steps : (Math.Exp(shape * steps) - 1) / shape));
    }

    /// <summary>Learns a size; one that is wild by what is known counts as eight mean excesses.</summary>
    public void Learn(double size, double readings, double memory)
    {
        bool beyond = size > _edge;
        if (beyond)
        {
            double excess = Math.Min(size - _edge, 8 * _excess);
            _excesses = Math.Min(_excesses + 1, PriorExcesses + (EdgeRate * memory));
            _excess += (excess - _excess) / _excesses;
            _excessSquare += ((excess * excess) - _excessSquare) / _excesses;
        }

        // 1/density at the edge is about five excesses for an exponential tail: 1/(0.1/excess), eased by half.
        double step = 5 * _excess / Math.Clamp(readings, 50, memory);
        _edge = Math.Max(0, _edge + (step * ((beyond ? 1 : 0) - EdgeRate)));
        _excess = Math.Max(_excess, 1e-3);
        _excessSquare = Math.Max(_excessSquare, _excess * _excess);
    }

    private readonly (double Shape, double Scale) Pareto()
    {
        double variance = _excessSquare - (_excess * _excess);
        double shape = variance > 0
            ? Math.Clamp((1 - (_excess * _excess / variance)) / 2, LightestShape, HeaviestShape)
            : LightestShape;
        return (Math.Min(HeaviestShape, shape + (1 / Math.Sqrt(_excesses))), _excess * (1 - shape));
    }
}
