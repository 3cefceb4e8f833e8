namespace TwinGrid.Twins.Control.Expressions;

/// <summary>
/// A piece of a compiled expression. Nodes are immutable and stateless: one tree serves all twins of a kind on all
/// threads.
/// </summary>
/// <param name="source">How it is written, for sentences.</param>
internal abstract class Node(string source)
{
    /// <summary>How it is written.</summary>
    public string Source { get; } = source;

    /// <summary>What it is, for error messages: "a number".</summary>
    public abstract string TypeName { get; }

    /// <summary>True when it is the same for every twin and all time.</summary>
    public virtual bool IsConstant => false;

    /// <summary>Adds what it reads as evidence, each value as it is now.</summary>
    public virtual void Tell(ExpressionScope scope, Reasons reasons)
    {
    }
}

/// <summary>Something that is a number; NaN where it has no value.</summary>
internal abstract class NumberNode(string source) : Node(source)
{
    /// <inheritdoc/>
    public override string TypeName => "a number";

    /// <summary>The unit of the number, or null.</summary>
    public virtual string? Unit => null;

    /// <summary>The number now.</summary>
    public abstract double Evaluate(ExpressionScope scope);

    /// <summary>It and its value now.</summary>
    public virtual AlarmEvidence Seen(ExpressionScope scope) => new()
    {
        Input = Source,
        Seen = Reasons.Shown(Evaluate(scope)),
        Unit = Unit,
    };

    /// <inheritdoc/>
    public override void Tell(ExpressionScope scope, Reasons reasons)
    {
        if (!IsConstant)
        {
            reasons.Read(Seen(scope));
        }
    }

    /// <summary>
    /// How much it grows in a second by time alone: 0 for everything that only readings change, 1 for an age; NaN
    /// where it changes in a way that is not a straight line, or is not known.
    /// </summary>
    public virtual double Slope(ExpressionScope scope) => 0;
}

/// <summary>Something that is a text; null where it has no value.</summary>
internal abstract class TextNode(string source) : Node(source)
{
    /// <inheritdoc/>
    public override string TypeName => "a text";

    /// <summary>The only texts that it can be, or null where it can be any.</summary>
    public virtual IReadOnlyList<string>? Choices => null;

    /// <summary>The text now.</summary>
    public abstract string? Evaluate(ExpressionScope scope);

    /// <inheritdoc/>
    public override void Tell(ExpressionScope scope, Reasons reasons)
    {
        if (!IsConstant)
        {
            reasons.Read(new AlarmEvidence { Input = Source, Seen = Reasons.Shown(Evaluate(scope)) });
        }
    }
}

/// <summary>
/// Something whose type the definition does not say, such as a property that it does not declare: it takes the type
/// that its place needs, and has no value where it is of another.
/// </summary>
internal abstract class UntypedNode(string source) : Node(source)
{
    /// <inheritdoc/>
    public override string TypeName => "a value of any type";

    /// <summary>Its unit, or null.</summary>
    public virtual string? Unit => null;

    /// <summary>The value now; none where it has no value.</summary>
    public abstract ReadingValue Evaluate(ExpressionScope scope);

    /// <summary>It and its value now.</summary>
    public AlarmEvidence Seen(ExpressionScope scope) => new()
    {
        Input = Source,
        Seen = Reasons.Shown(Evaluate(scope)),
        Unit = Unit,
    };
}

/// <summary>Something that is true, false or unknown.</summary>
internal abstract class ConditionNode(string source) : Node(source)
{
    /// <inheritdoc/>
    public override string TypeName => "true or false";

    /// <summary>Its truth now.</summary>
    public abstract Ternary Evaluate(ExpressionScope scope);

    /// <summary>Adds why its truth is what it is now.</summary>
    public abstract void Describe(ExpressionScope scope, Reasons reasons);

    /// <summary>Adds that it is true, false or unknown.</summary>
    protected void DescribeTruth(ExpressionScope scope, Reasons reasons)
    {
        Ternary truth = Evaluate(scope);
        reasons.Say(Sentence.Is(Source, truth));
        reasons.Decided(new AlarmEvidence { Input = Source, Seen = Reasons.Shown(truth) });
    }

    /// <summary>When time alone could change it, Unix microseconds; <see cref="long.MaxValue"/> for never.</summary>
    public virtual long NextChange(ExpressionScope scope) => long.MaxValue;
}
