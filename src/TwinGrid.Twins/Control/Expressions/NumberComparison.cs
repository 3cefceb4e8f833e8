namespace TwinGrid.Twins.Control.Expressions;

/// <summary>A comparison of two numbers; unknown where either is none.</summary>
internal sealed class NumberComparison(string source, Operator op, NumberNode left, NumberNode right)
    : ConditionNode(source)
{
    // Microseconds; a crossing that is computed this close to a whole microsecond is on it.
    private const double Tolerance = 0.01;

    // About 30,000 years: further crossings are none, and sums of times stay far from overflow.
    private const double Horizon = 1e18;

    public override bool IsConstant => left.IsConstant && right.IsConstant;

    public override Ternary Evaluate(ExpressionScope scope)
    {
        double a = left.Evaluate(scope);
        double b = right.Evaluate(scope);
        if (double.IsNaN(a) || double.IsNaN(b))
        {
            return Ternary.Unknown;
        }

        bool holds = op switch
        {
            Operator.Less => a < b,
            Operator.LessOrEqual => a <= b,
            Operator.Greater => a > b,
            Operator.GreaterOrEqual => a >= b,
            Operator.Equal => a == b,
            _ => a != b,
        };
        return holds ? Ternary.True : Ternary.False;
    }

    public override void Describe(ExpressionScope scope, Reasons reasons)
    {
        (NumberNode subject, NumberNode other, Operator shown) =
            left.IsConstant && !right.IsConstant ? (right, left, op.Mirrored()) : (left, right, op);
        double value = subject.Evaluate(scope);
        double bound = other.Evaluate(scope);
        Ternary truth = Evaluate(scope);
        if (truth == Ternary.Unknown)
        {
            reasons.Say(Sentence.HasNoValue(double.IsNaN(value) ? subject.Source : other.Source));
        }
        else
        {
            Operator held = truth == Ternary.True ? shown : shown.Opposite();
            (string shownValue, string shownBound) = Sentence.Numbers(value, bound);
            reasons.Say(Sentence.Compares(
                subject.Source,
                subject.Unit is null ? shownValue : $"{shownValue} {subject.Unit}",
                held,
                Sentence.Bound(other, shownBound)));
            reasons.Decided(subject.Seen(scope) with { Operator = held.Word(), Threshold = Reasons.Shown(bound) });
        }

        subject.Tell(scope, reasons);
        other.Tell(scope, reasons);
    }

    /// <summary>
    /// Where both sides move along straight lines, the moment when they meet, or the microsecond after where the
    /// operator changes only past it. Where a side moves otherwise, a second from now.
    /// </summary>
    public override long NextChange(ExpressionScope scope)
    {
        double slope = left.Slope(scope) - right.Slope(scope);
        if (slope == 0)
        {
            return long.MaxValue;
        }

        if (!double.IsFinite(slope))
        {
            return scope.Now + UnixMicroseconds.PerSecond;
        }

        double meeting = (right.Evaluate(scope) - left.Evaluate(scope)) / slope * UnixMicroseconds.PerSecond;
        double change = Change(meeting, slope > 0);
        return change is > 0 and < Horizon ? scope.Now + (long)change : long.MaxValue;
    }

    /// <summary>Microseconds from now to the next change; not positive, or NaN, where there is none.</summary>
    private double Change(double meeting, bool rising)
    {
        double at = Math.Ceiling(meeting - Tolerance);
        double past = Math.Floor(meeting + Tolerance) + 1;
        return op switch
        {
            Operator.Equal or Operator.NotEqual => at > 0 ? at : past,
            Operator.Greater or Operator.LessOrEqual => rising ? past : AtLeastOne(at, meeting),
            _ => rising ? AtLeastOne(at, meeting) : past,
        };
    }

    // A meeting within the tolerance ahead must not be taken for one that has been: nobody would look again.
    private static double AtLeastOne(double at, double meeting) => meeting > 0 ? Math.Max(1, at) : at;
}
