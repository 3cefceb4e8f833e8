namespace TwinGrid.Twins.Control.Expressions;

/// <summary><c>true</c> or <c>false</c> as written.</summary>
internal sealed class ConstantCondition(string source, bool value) : ConditionNode(source)
{
    public override bool IsConstant => true;

    public override Ternary Evaluate(ExpressionScope scope) => value ? Ternary.True : Ternary.False;

    public override void Describe(ExpressionScope scope, Reasons reasons) => reasons.Say(Source);
}

/// <summary><c>not</c>: true of false, false of true, unknown of unknown.</summary>
internal sealed class NotCondition(string source, ConditionNode operand) : ConditionNode(source)
{
    public override bool IsConstant => operand.IsConstant;

    public override Ternary Evaluate(ExpressionScope scope) => (Ternary)(-(int)operand.Evaluate(scope));

    public override void Describe(ExpressionScope scope, Reasons reasons) => operand.Describe(scope, reasons);

    public override long NextChange(ExpressionScope scope) => operand.NextChange(scope);
}

/// <summary>
/// <c>and</c>, <c>or</c>. One of the two truths decides alone, whatever the other side says, unknown included:
/// false for "and", true for "or".
/// </summary>
internal sealed class JunctionCondition(string source, Operator op, ConditionNode left, ConditionNode right)
    : ConditionNode(source)
{
    private readonly Ternary _deciding = op == Operator.And ? Ternary.False : Ternary.True;

    public override bool IsConstant => left.IsConstant && right.IsConstant;

    public override Ternary Evaluate(ExpressionScope scope)
    {
        Ternary first = left.Evaluate(scope);
        if (first == _deciding)
        {
            return first;
        }

        Ternary second = right.Evaluate(scope);
        return second == _deciding || first != Ternary.Unknown ? second : first;
    }

    /// <summary>Names the sides that are what the whole is: those that made it so.</summary>
    public override void Describe(ExpressionScope scope, Reasons reasons)
    {
        Ternary whole = Evaluate(scope);
        if (left.Evaluate(scope) == whole)
        {
            left.Describe(scope, reasons);
        }

        if (right.Evaluate(scope) == whole)
        {
            right.Describe(scope, reasons);
        }
    }

    /// <summary>While a side decides alone, nothing of the other side matters.</summary>
    public override long NextChange(ExpressionScope scope)
    {
        long first = left.NextChange(scope);
        long second = right.NextChange(scope);
        return (left.Evaluate(scope) == _deciding, right.Evaluate(scope) == _deciding) switch
        {
            (true, true) => Math.Max(first, second),
            (true, false) => first,
            (false, true) => second,
            _ => Math.Min(first, second),
        };
    }
}

/// <summary><c>==</c> and <c>!=</c> between truths; unknown where either is.</summary>
internal sealed class ConditionEquality(string source, bool equal, ConditionNode left, ConditionNode right)
    : ConditionNode(source)
{
    public override bool IsConstant => left.IsConstant && right.IsConstant;

    // The product of the signs is 1 for the same, -1 for different, 0 for unknown.
    public override Ternary Evaluate(ExpressionScope scope) =>
        (Ternary)((int)left.Evaluate(scope) * (int)right.Evaluate(scope) * (equal ? 1 : -1));

    public override void Describe(ExpressionScope scope, Reasons reasons)
    {
        left.Describe(scope, reasons);
        if (!right.IsConstant)
        {
            right.Describe(scope, reasons);
        }
    }

    public override long NextChange(ExpressionScope scope) =>
        Math.Min(left.NextChange(scope), right.NextChange(scope));
}

/// <summary><c>==</c> and <c>!=</c> between texts, character by character; unknown where either is none.</summary>
internal sealed class TextEquality(string source, bool equal, TextNode left, TextNode right) : ConditionNode(source)
{
    public override bool IsConstant => left.IsConstant && right.IsConstant;

    public override Ternary Evaluate(ExpressionScope scope)
    {
        string? a = left.Evaluate(scope);
        string? b = right.Evaluate(scope);
        if (a is null || b is null)
        {
            return Ternary.Unknown;
        }

        return string.Equals(a, b, StringComparison.Ordinal) == equal ? Ternary.True : Ternary.False;
    }

    public override void Describe(ExpressionScope scope, Reasons reasons)
    {
        (TextNode subject, TextNode other) = left.IsConstant ? (right, left) : (left, right);
        if (subject.Evaluate(scope) is not { } value || other.Evaluate(scope) is not { } bound)
        {
            reasons.Say(Sentence.HasNoValue(subject.Evaluate(scope) is null ? subject.Source : other.Source));
        }
        else
        {
            Operator held = value == bound ? Operator.Equal : Operator.NotEqual;
            reasons.Say(Sentence.Compares(
                subject.Source, Sentence.Quoted(value), held, Sentence.Bound(other, Sentence.Quoted(bound))));
            reasons.Decided(new AlarmEvidence
            {
                Input = subject.Source,
                Seen = Reasons.Shown(value),
                Operator = held.Word(),
                Threshold = Reasons.Shown(bound),
            });
        }

        subject.Tell(scope, reasons);
        other.Tell(scope, reasons);
    }
}

/// <summary>A text as written.</summary>
internal sealed class ConstantText(string source, string value) : TextNode(source)
{
    public override bool IsConstant => true;

    public override string Evaluate(ExpressionScope scope) => value;
}

/// <summary><c>has(…)</c>: whether there is a value; never unknown.</summary>
internal sealed class HasCondition(string source, string subject, Func<ExpressionScope, bool> has)
    : ConditionNode(source)
{
    public override Ternary Evaluate(ExpressionScope scope) => has(scope) ? Ternary.True : Ternary.False;

    public override void Describe(ExpressionScope scope, Reasons reasons)
    {
        reasons.Say(has(scope) ? $"{subject} has a value" : Sentence.HasNoValue(subject));
        reasons.Decided(new AlarmEvidence { Input = Source, Seen = ReadingValue.Of(has(scope)) });
    }
}
