using System.Globalization;

namespace TwinGrid.ModelBench.Life;

/// <summary>
/// How near predictions of remaining life came: root mean square error, the score of the PHM 2008 challenge (late
/// predictions cost more than early ones) and how often the interval held the truth. The truth is capped.
/// </summary>
internal sealed class LifeScore
{
    private double _weight;
    private double _squares;
    private double _errors;
    private double _score;
    private double _held;
    private double _width;
    private double _uncappedSquares;
    private readonly List<double> _errorsOfUnits = [];

    public double Rmse => Math.Sqrt(_squares / _weight);

    /// <summary>The error where the truth is taken as it is, however far beyond the cap.</summary>
    public double UncappedRmse => Math.Sqrt(_uncappedSquares / _weight);

    /// <summary>Mean of predicted minus true.</summary>
    public double Bias => _errors / _weight;

    /// <summary>Σ(e^(-d/13) - 1) where d = predicted - true is negative, else Σ(e^(d/10) - 1), for 100 units.</summary>
    public double ScorePer100 => 100 * _score / _weight;

    public double Coverage => _held / _weight;

    /// <summary>The mean width of the intervals.</summary>
    public double Width => _width / _weight;

    public void Add(double truth, double predicted, double lower, double upper, double weight = 1)
    {
        _uncappedSquares += weight * (predicted - truth) * (predicted - truth);
        truth = Math.Min(truth, LifeBench.Cap);
        double error = predicted - truth;
        _weight += weight;
        _squares += weight * error * error;
        _errors += weight * error;
        _errorsOfUnits.Add(error);
        _score += weight * (Math.Exp(error < 0 ? -error / 13 : error / 10) - 1);
        _held += lower <= truth && truth <= upper ? weight : 0;
        _width += weight * (upper - lower);
    }

    public void Add(double truth, in Prediction said, double weight = 1) =>
        Add(truth, said.Value, said.Lower, said.Upper, weight);

    /// <summary>
    /// The middle 95 % of <see cref="Rmse"/> over units drawn again (Efron 1979), where each error added is a unit's.
    /// </summary>
    public (double Least, double Most) RmseOfUnitsDrawnAgain()
    {
        const int Draws = 2000;
        Random chance = new(1);
        double[] errors = new double[Draws];
        for (int draw = 0; draw < Draws; draw++)
        {
            double squares = 0;
            for (int i = 0; i < _errorsOfUnits.Count; i++)
            {
                double error = _errorsOfUnits[chance.Next(_errorsOfUnits.Count)];
                squares += error * error;
            }

            errors[draw] = Math.Sqrt(squares / _errorsOfUnits.Count);
        }

        Array.Sort(errors);
        return (errors[(int)(0.025 * Draws)], errors[(int)(0.975 * Draws)]);
    }

    /// <summary>The columns of <see cref="Row"/>.</summary>
    public const string Header = "who,rmse,score_per_100,bias,coverage,width";

    public string Row(string who) => string.Create(
        CultureInfo.InvariantCulture,
        $"{who},{Rmse:0.00},{ScorePer100:0},{Bias:0.00},{Coverage:0.000},{Width:0.0}");
}
