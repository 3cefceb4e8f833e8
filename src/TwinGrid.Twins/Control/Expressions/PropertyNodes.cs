namespace TwinGrid.Twins.Control.Expressions;

/// <summary>A reported or desired property.</summary>
internal sealed class PropertyValue(string source, bool desired, string path, string? unit) : UntypedNode(source)
{
    public override string? Unit => unit;

    public override ReadingValue Evaluate(ExpressionScope scope) => scope.Property(desired, path);
}

/// <summary>A text in an untyped place.</summary>
internal sealed class UntypedText(UntypedNode inner) : TextNode(inner.Source)
{
    public override string? Evaluate(ExpressionScope scope) => inner.Evaluate(scope).Text;
}

/// <summary>True or false in an untyped place.</summary>
internal sealed class UntypedCondition(UntypedNode inner) : ConditionNode(inner.Source)
{
    public override Ternary Evaluate(ExpressionScope scope)
    {
        ReadingValue value = inner.Evaluate(scope);
        return value.Type != TelemetryType.Boolean ? Ternary.Unknown : value.Boolean ? Ternary.True : Ternary.False;
    }

    public override void Describe(ExpressionScope scope, Reasons reasons) => DescribeTruth(scope, reasons);
}

/// <summary>
/// Whether two untyped values are the same, as reported against desired. Values of different types are different.
/// </summary>
internal sealed class UntypedEquality(string source, bool equal, UntypedNode left, UntypedNode right)
    : ConditionNode(source)
{
    public override Ternary Evaluate(ExpressionScope scope)
    {
        ReadingValue a = left.Evaluate(scope);
        ReadingValue b = right.Evaluate(scope);
        if (a.Type == TelemetryType.None || b.Type == TelemetryType.None)
        {
            return Ternary.Unknown;
        }

        // Numbers compare as numbers: 0 and -0 are the same and differ in their bits.
        bool same = a.Type == TelemetryType.Number && b.Type == TelemetryType.Number
            ? a.Number == b.Number
            : a == b;
        return same == equal ? Ternary.True : Ternary.False;
    }

    public override void Describe(ExpressionScope scope, Reasons reasons)
    {
        ReadingValue a = left.Evaluate(scope);
        ReadingValue b = right.Evaluate(scope);
        Ternary truth = Evaluate(scope);
        if (truth == Ternary.Unknown)
        {
            reasons.Say(Sentence.HasNoValue(a.Type == TelemetryType.None ? left.Source : right.Source));
            reasons.Read(left.Seen(scope));
        }
        else
        {
            Operator held = truth == Ternary.True == equal ? Operator.Equal : Operator.NotEqual;
            reasons.Say(Sentence.Compares(
                left.Source, Sentence.Any(a), held, Sentence.Bound(right, Sentence.Any(b))));
            reasons.Decided(left.Seen(scope) with { Operator = held.Word(), Threshold = Reasons.Shown(b) });
        }

        reasons.Read(right.Seen(scope));
    }
}
