namespace TwinGrid.Twins.Control.Expressions;

/// <summary>A number as written.</summary>
internal sealed class ConstantNumber(string source, double value) : NumberNode(source)
{
    public override bool IsConstant => true;

    public override double Evaluate(ExpressionScope scope) => value;
}

/// <summary>A field of a model's last prediction.</summary>
internal sealed class PredictionNumber(string source, int model, PredictionField field) : NumberNode(source)
{
    public override double Evaluate(ExpressionScope scope) => scope.Prediction(model, field);

    /// <summary>With what the model gives as its own reason.</summary>
    public override AlarmEvidence Seen(ExpressionScope scope)
    {
        double expected = scope.Prediction(model, PredictionField.Expected);
        IReadOnlyList<Contribution> contributions = scope.Contributions(model);
        return base.Seen(scope) with
        {
            Expected = double.IsFinite(expected) ? expected : null,
            Contributions = contributions.Count == 0 ? null : contributions,
        };
    }
}

/// <summary>A number in an untyped place.</summary>
internal sealed class UntypedNumber(UntypedNode inner) : NumberNode(inner.Source)
{
    public override string? Unit => inner.Unit;

    public override double Evaluate(ExpressionScope scope)
    {
        ReadingValue value = inner.Evaluate(scope);
        return value.Type == TelemetryType.Number ? value.Number : double.NaN;
    }
}

/// <summary>An operator of arithmetic.</summary>
internal sealed class ArithmeticNumber(string source, Operator op, NumberNode left, NumberNode right)
    : NumberNode(source)
{
    public override bool IsConstant => left.IsConstant && right.IsConstant;

    public override double Evaluate(ExpressionScope scope)
    {
        double a = left.Evaluate(scope);
        double b = right.Evaluate(scope);
        return op switch
        {
            Operator.Add => a + b,
            Operator.Subtract => a - b,
            Operator.Multiply => a * b,
            // A ratio to nothing is no value: infinity would raise the alarm of a machine that stands still.
            Operator.Divide => b == 0 ? double.NaN : a / b,
            _ => a % b,
        };
    }

    public override double Slope(ExpressionScope scope)
    {
        double a = left.Slope(scope);
        double b = right.Slope(scope);
        return (op, a, b) switch
        {
            (_, 0, 0) => 0,
            (Operator.Add, _, _) => a + b,
            (Operator.Subtract, _, _) => a - b,
            (Operator.Multiply, _, 0) => a * right.Evaluate(scope),
            (Operator.Multiply, 0, _) => left.Evaluate(scope) * b,
            (Operator.Divide, _, 0) => a / right.Evaluate(scope),
            _ => double.NaN,
        };
    }

    public override void Tell(ExpressionScope scope, Reasons reasons)
    {
        left.Tell(scope, reasons);
        right.Tell(scope, reasons);
    }
}

/// <summary>Unary minus.</summary>
internal sealed class NegatedNumber(string source, NumberNode operand) : NumberNode(source)
{
    public override bool IsConstant => operand.IsConstant;

    public override string? Unit => operand.Unit;

    public override double Evaluate(ExpressionScope scope) => -operand.Evaluate(scope);

    public override double Slope(ExpressionScope scope) => -operand.Slope(scope);

    public override void Tell(ExpressionScope scope, Reasons reasons) => operand.Tell(scope, reasons);
}

/// <summary>A function of one number.</summary>
internal sealed class FunctionNumber(string source, Func<double, double> function, NumberNode argument)
    : NumberNode(source)
{
    public override bool IsConstant => argument.IsConstant;

    public override double Evaluate(ExpressionScope scope) => function(argument.Evaluate(scope));

    public override double Slope(ExpressionScope scope) => argument.Slope(scope) == 0 ? 0 : double.NaN;

    public override void Tell(ExpressionScope scope, Reasons reasons) => argument.Tell(scope, reasons);
}

/// <summary>The least or the greatest of two numbers; none where either is none.</summary>
internal sealed class ExtremeNumber(string source, bool greatest, NumberNode left, NumberNode right)
    : NumberNode(source)
{
    public override bool IsConstant => left.IsConstant && right.IsConstant;

    public override double Evaluate(ExpressionScope scope)
    {
        double a = left.Evaluate(scope);
        double b = right.Evaluate(scope);
        return greatest ? Math.Max(a, b) : Math.Min(a, b);
    }

    public override double Slope(ExpressionScope scope) =>
        left.Slope(scope) == 0 && right.Slope(scope) == 0 ? 0 : double.NaN;

    public override void Tell(ExpressionScope scope, Reasons reasons)
    {
        left.Tell(scope, reasons);
        right.Tell(scope, reasons);
    }
}
