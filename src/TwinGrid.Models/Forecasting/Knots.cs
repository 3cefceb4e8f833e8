using System.Runtime.CompilerServices;

namespace TwinGrid.Models.Forecasting;

/// <summary>One point of a learnt curve: its height and how far below and above it the interval reaches.</summary>
internal struct Knot
{
    public double Centre;
    public double Below;
    public double Above;

    /// <summary>How many readings it was learnt from, each counted by its nearness; 0 for none.</summary>
    public double Weight;

    public readonly bool IsLearnt => Weight > 0;
}

/// <summary>The knots of a curve, inline.</summary>
[InlineArray(Length)]
internal struct KnotArray
{
    /// <summary>Over a turbine's 0 to 25 m/s a knot about every 0.7 m/s; IEC 61400-12-1 bins by 0.5.</summary>
    public const int Length = 40;

    private Knot _first;
}

/// <summary>
/// A curve of evenly spaced knots, straight between them, whose range grows with what it is shown: nobody has to
/// know it in advance. Unmanaged, 162 doubles.
/// </summary>
internal struct KnotCurve
{
    private const int Last = KnotArray.Length - 1;

    public KnotArray Knots;
    private double _origin;
    private double _spacing;

    /// <summary>Where x lies: the knot to the left and the way to the next, 0 to 1.</summary>
    public readonly (int Left, double Way) Locate(double x)
    {
        double position = _spacing > 0 ? (x - _origin) / _spacing : 0;
        int left = Math.Clamp((int)position, 0, Last - 1);
        return (left, Math.Clamp(position - left, 0, 1));
    }

    /// <summary>How many lengths of its range x lies outside of it; 0 within.</summary>
    public readonly double Outside(double x)
    {
        double range = _spacing * Last;
        double distance = Math.Max(_origin - x, x - (_origin + range));
        if (range > 0)
        {
            return Math.Max(0, distance / range);
        }

        return distance <= Indistinct(x) ? 0 : double.PositiveInfinity;
    }

    /// <summary>Reads the curve; false where nothing near was learnt.</summary>
    public readonly bool TryRead(double x, out Knot at)
    {
        at = default;
        if (Outside(x) > 0)
        {
            return false;
        }

        (int cell, double way) = Locate(x);
        int left = cell;
        while (left >= 0 && !Knots[left].IsLearnt)
        {
            left--;
        }

        int right = cell + 1;
        while (right <= Last && !Knots[right].IsLearnt)
        {
            right++;
        }

        if (left >= 0 && right <= Last)
        {
            at = Between(Knots[left], Knots[right], (cell + way - left) / (right - left));

            // What bridges a gap is a guess, which the first readings there may overrule.
            at.Weight = right - left > 1 ? Math.Min(1, at.Weight) : at.Weight;
            return true;
        }

        // Beyond the outermost learnt knot the curve is level, for one knot and no farther.
        bool near = left == cell || right == cell + 1;
        at = left == cell ? Knots[left] : right == cell + 1 ? Knots[right] : default;
        return near;
    }

    /// <summary>Widens the range so that x lies within.</summary>
    public void Reach(double x)
    {
        if (Outside(x) == 0)
        {
            return;
        }

        if (_spacing == 0)
        {
            Begin(x);
            return;
        }

        (double least, double greatest) = LearntRange();
        double margin = 0.2 * Math.Max(Math.Abs(x - least), Math.Abs(x - greatest));
        double low = x < least ? x - margin : least;
        double high = x > greatest ? x + margin : greatest;
        Respace(low, (high - low) / Last);
    }

    private static Knot Between(in Knot left, in Knot right, double way) => new()
    {
        Centre = left.Centre + (way * (right.Centre - left.Centre)),
        Below = left.Below + (way * (right.Below - left.Below)),
        Above = left.Above + (way * (right.Above - left.Above)),
        Weight = left.Weight + (way * (right.Weight - left.Weight)),
    };

    /// <summary>The first x is where all knots are; the second that differs gives them their first spacing.</summary>
    private void Begin(double x)
    {
        if (!Knots[0].IsLearnt)
        {
            _origin = x;
            return;
        }

        // The two lie a fifth of the range apart, in its middle.
        double distance = Math.Abs(x - _origin);
        int place = x > _origin ? 2 * Last / 5 : 3 * Last / 5;
        Knot first = Knots[0];
        Knots = default;
        Knots[place] = first;
        _spacing = distance * 5 / Last;
        _origin -= place * _spacing;
    }

    /// <summary>Two inputs that differ by less are the same: no spacing can be told from them.</summary>
    private static double Indistinct(double x) => (Magnitude.Rounding * Math.Abs(x)) + Magnitude.Smallest;

    private readonly (double Least, double Greatest) LearntRange()
    {
        int least = 0;
        int greatest = Last;
        while (least < Last && !Knots[least].IsLearnt)
        {
            least++;
        }

        while (greatest > least && !Knots[greatest].IsLearnt)
        {
            greatest--;
        }

        return (_origin + (least * _spacing), _origin + (greatest * _spacing));
    }

    private void Respace(double origin, double spacing)
    {
        KnotCurve old = this;
        double wider = spacing / _spacing;
        for (int i = 0; i <= Last; i++)
        {
            Knots[i] = old.TryRead(origin + (i * spacing), out Knot knot) ? knot : default;
            Knots[i].Weight *= wider;
        }

        (_origin, _spacing) = (origin, spacing);
    }
}
