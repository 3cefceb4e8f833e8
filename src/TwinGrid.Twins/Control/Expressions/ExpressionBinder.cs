namespace TwinGrid.Twins.Control.Expressions;

/// <summary>
/// Gives the pieces of one expression their names and types: <see cref="ExpressionSyntax"/> to <see cref="Node"/>.
/// Used once, by one thread.
/// </summary>
internal sealed class ExpressionBinder
{
    private readonly ExpressionErrors _errors;
    private readonly NameBinder _names;
    private readonly FunctionBinder _functions;

    /// <summary>Binds to the names of a definition.</summary>
    public ExpressionBinder(TwinDefinition definition, ExpressionErrors errors)
    {
        _errors = errors;
        _names = new NameBinder(definition, errors);
        _functions = new FunctionBinder(this, _names, errors);
    }

    /// <summary>What the bound nodes read.</summary>
    public ExpressionReads Reads => _names.Reads;

    /// <summary>Binds what must be true or false.</summary>
    /// <exception cref="DefinitionException">A name is not known, or a type is not what its place needs.</exception>
    public ConditionNode BindCondition(ExpressionSyntax syntax) => Bind(syntax) switch
    {
        ConditionNode condition => condition,
        UntypedNode untyped => new UntypedCondition(untyped),
        Node node => throw Expected(
            "true or false",
            node.TypeName,
            syntax,
            $", such as {_errors.Quote(syntax)} {(node is TextNode ? "== 'on'" : "> 0")}"),
    };

    /// <summary>Binds what must be a number.</summary>
    public NumberNode BindNumber(ExpressionSyntax syntax) => Bind(syntax) switch
    {
        NumberNode number => number,
        UntypedNode untyped => new UntypedNumber(untyped),
        Node node => throw Expected("a number", node.TypeName, syntax),
    };

    /// <summary>How a piece is written.</summary>
    public string Source(ExpressionSyntax syntax) => _errors.Text[syntax.Start..syntax.End];

    private Node Bind(ExpressionSyntax syntax) => syntax switch
    {
        NumberSyntax number when !double.IsFinite(number.Value) =>
            throw _errors.At(number.Start, $"found {_errors.Quote(number)}; expected a number below 1.8e308"),
        NumberSyntax number => new ConstantNumber(Source(number), number.Value),
        TextSyntax text => new ConstantText(Source(text), text.Value),
        NameSyntax { Name: "true" or "false" } word => new ConstantCondition(word.Name, word.Name == "true"),
        NameSyntax name => _names.Bind(name),
        GroupSyntax group => Bind(group.Inner),
        CallSyntax call => _functions.Bind(call),
        UnarySyntax { Operator: Operator.Not } not =>
            new NotCondition(Source(not), BindCondition(not.Operand)),
        UnarySyntax negate => new NegatedNumber(Source(negate), BindNumber(negate.Operand)),
        BinarySyntax { Operator: Operator.And or Operator.Or } junction => new JunctionCondition(
            Source(junction), junction.Operator, BindCondition(junction.Left), BindCondition(junction.Right)),
        BinarySyntax { Operator: >= Operator.Less and <= Operator.NotEqual } comparison => BindComparison(comparison),
        BinarySyntax arithmetic => new ArithmeticNumber(
            Source(arithmetic), arithmetic.Operator, BindNumber(arithmetic.Left), BindNumber(arithmetic.Right)),
        _ => throw new InvalidOperationException($"no rule binds {syntax.GetType().Name}"),
    };

    private ConditionNode BindComparison(BinarySyntax syntax)
    {
        RefuseChain(syntax);
        Node left = Bind(syntax.Left);
        Node right = Bind(syntax.Right);
        bool ordering = syntax.Operator is not (Operator.Equal or Operator.NotEqual);
        bool equal = syntax.Operator == Operator.Equal;
        string source = Source(syntax);
        return (Typed(left, right, ordering), Typed(right, left, ordering)) switch
        {
            (NumberNode a, NumberNode b) => new NumberComparison(source, syntax.Operator, a, b),
            (TextNode a, TextNode b) when !ordering => BindTexts(syntax, equal, a, b),
            (ConditionNode a, ConditionNode b) when !ordering => new ConditionEquality(source, equal, a, b),
            (UntypedNode a, UntypedNode b) => new UntypedEquality(source, equal, a, b),
            (Node a, Node b) when a is not NumberNode && a.TypeName == b.TypeName => throw _errors.At(
                syntax.Left.Start,
                $"found {_errors.Quote(syntax.Left)}, which is {a.TypeName}; expected a number before "
                + $"'{syntax.Operator.Word()}' (texts and truths compare with == and != only)"),
            (Node a, Node b) => throw _errors.At(
                syntax.Right.Start,
                $"found {_errors.Quote(syntax.Right)}, which is {b.TypeName}; expected {a.TypeName} to compare with "
                + $"{_errors.Quote(syntax.Left)}"),
        };
    }

    private TextEquality BindTexts(BinarySyntax syntax, bool equal, TextNode left, TextNode right)
    {
        RefuseImpossible(syntax.Right, left, syntax.Right as TextSyntax);
        RefuseImpossible(syntax.Left, right, syntax.Left as TextSyntax);
        return new TextEquality(Source(syntax), equal, left, right);
    }

    private void RefuseImpossible(ExpressionSyntax place, TextNode node, TextSyntax? written)
    {
        if (written is not null && node.Choices is { } choices && !choices.Contains(written.Value))
        {
            throw _errors.At(
                place.Start,
                $"found {_errors.Quote(place)}; expected '{string.Join("', '", choices)}': what {node.Source} can be");
        }
    }

    private void RefuseChain(BinarySyntax syntax)
    {
        if (syntax.Left is BinarySyntax { Operator: >= Operator.Less and <= Operator.NotEqual } inner)
        {
            throw _errors.At(
                inner.End,
                $"found a second comparison, '{syntax.Operator.Word()}', after {_errors.Quote(inner)}; expected 'and' "
                + "and a whole comparison, or parentheses");
        }
    }

    /// <summary>Gives an untyped value the type of the other side.</summary>
    private static Node Typed(Node node, Node other, bool ordering) => (node, other) switch
    {
        (UntypedNode untyped, NumberNode) => new UntypedNumber(untyped),
        (UntypedNode untyped, TextNode) => new UntypedText(untyped),
        (UntypedNode untyped, ConditionNode) => new UntypedCondition(untyped),
        (UntypedNode untyped, UntypedNode) when ordering => new UntypedNumber(untyped),
        _ => node,
    };

    private DefinitionException Expected(string expected, string found, ExpressionSyntax syntax, string example = "") =>
        _errors.At(syntax.Start, $"found {_errors.Quote(syntax)}, which is {found}; expected {expected}{example}");
}
