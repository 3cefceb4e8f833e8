namespace TwinGrid.Twins.Control.Expressions;

/// <summary>
/// An expression of a kind file, compiled once per kind and evaluated in every twin of it. The language stands in
/// EXPRESSIONS.md. Immutable, thread-safe; evaluation allocates nothing unless it reads properties or makes sentences.
/// </summary>
internal sealed class CompiledExpression
{
    private readonly ConditionNode _condition;

    private CompiledExpression(ConditionNode condition, ExpressionReads reads)
    {
        _condition = condition;
        TelemetrySlots = [.. reads.TelemetrySlots];
        ModelsRead = [.. reads.Models];
        ReadsAge = reads.Age;
        ReadsProperties = reads.Properties;
    }

    /// <summary>The telemetry that it reads, as indices in <see cref="TwinDefinition.Telemetry"/>, ascending.</summary>
    public IReadOnlyList<int> TelemetrySlots { get; }

    /// <summary>The models that it reads, as indices in <see cref="TwinDefinition.Models"/>, ascending.</summary>
    public IReadOnlyList<int> ModelsRead { get; }

    /// <summary>True when time alone can change the result: <see cref="NextChange"/> says when.</summary>
    public bool ReadsAge { get; }

    /// <summary>True when a change of the reported or desired properties can change the result.</summary>
    public bool ReadsProperties { get; }

    /// <summary>Compiles an expression against the names and types of a kind.</summary>
    /// <param name="definition">The kind.</param>
    /// <param name="text">The expression and where it stands in the file.</param>
    /// <param name="place">The JSON path of the expression, such as <c>$.policies[0].when</c>.</param>
    /// <exception cref="DefinitionException">
    /// It breaks the grammar or a limit, names what the kind does not have, mixes types, or is not a condition. The
    /// message names file, line, column, what was found and what was expected.
    /// </exception>
    public static CompiledExpression Compile(TwinDefinition definition, PolicyExpression text, string place)
    {
        ExpressionErrors errors = new(definition, text, place);
        ExpressionBinder binder = new(definition, errors);
        ConditionNode condition = binder.BindCondition(ExpressionGrammar.Parse(errors));
        return new CompiledExpression(condition, binder.Reads);
    }

    /// <summary>Its truth now.</summary>
    public Ternary Evaluate(ExpressionScope scope) => _condition.Evaluate(scope);

    /// <summary>
    /// Why its truth is what it is now, as a part of a sentence: the comparisons that made it so with their values and
    /// units, such as <c>bearingTemperature is 92.3 degreeCelsius (> 85)</c>, joined by " and ".
    /// </summary>
    public string Describe(ExpressionScope scope) => Explain(scope).Sentence;

    /// <summary>The same with what was read as data.</summary>
    public Reasons Explain(ExpressionScope scope)
    {
        Reasons reasons = new();
        _condition.Describe(scope, reasons);
        return reasons;
    }

    /// <summary>
    /// The earliest time after now, Unix microseconds, at which time alone could change the result: for
    /// <c>age(x) > 30</c> the first microsecond past 30 s after x was received. <see cref="long.MaxValue"/> where only
    /// readings can. Where an age passes through a function, or is multiplied by another age, the time is not known
    /// and is given as one second from now.
    /// </summary>
    public long NextChange(ExpressionScope scope) => ReadsAge ? _condition.NextChange(scope) : long.MaxValue;
}
