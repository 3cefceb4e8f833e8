namespace TwinGrid.Twins.Control.Expressions;

/// <summary>A piece of an expression as it is written, before names and types are known.</summary>
/// <param name="Start">The offset of its first character in the text.</param>
/// <param name="End">The offset after its last character.</param>
internal abstract record ExpressionSyntax(int Start, int End);

/// <summary>A number as written.</summary>
internal sealed record NumberSyntax(int Start, int End, double Value) : ExpressionSyntax(Start, End);

/// <summary>A quoted text, its escapes resolved.</summary>
internal sealed record TextSyntax(int Start, int End, string Value) : ExpressionSyntax(Start, End);

/// <summary>A name with its dots, <c>true</c> and <c>false</c> included.</summary>
internal sealed record NameSyntax(int Start, int End, string Name) : ExpressionSyntax(Start, End);

/// <summary>A function and its arguments.</summary>
internal sealed record CallSyntax(int Start, int End, string Function, IReadOnlyList<ExpressionSyntax> Arguments)
    : ExpressionSyntax(Start, End);

/// <summary>An expression in parentheses.</summary>
internal sealed record GroupSyntax(int Start, int End, ExpressionSyntax Inner) : ExpressionSyntax(Start, End);

/// <summary>An operator before its operand.</summary>
internal sealed record UnarySyntax(int Start, int End, Operator Operator, ExpressionSyntax Operand)
    : ExpressionSyntax(Start, End);

/// <summary>An operator between its operands.</summary>
internal sealed record BinarySyntax(
    int Start, int End, Operator Operator, ExpressionSyntax Left, ExpressionSyntax Right)
    : ExpressionSyntax(Start, End);

/// <summary>What an operator does.</summary>
internal enum Operator : byte
{
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Negate,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
    Not,
}

/// <summary>How operators are written.</summary>
internal static class OperatorWords
{
    /// <summary>The operator as it is written; where there are two ways, the word.</summary>
    public static string Word(this Operator op) => op switch
    {
        Operator.Add => "+",
        Operator.Subtract or Operator.Negate => "-",
        Operator.Multiply => "*",
        Operator.Divide => "/",
        Operator.Remainder => "%",
        Operator.Less => "<",
        Operator.LessOrEqual => "<=",
        Operator.Greater => ">",
        Operator.GreaterOrEqual => ">=",
        Operator.Equal => "==",
        Operator.NotEqual => "!=",
        Operator.And => "and",
        Operator.Or => "or",
        _ => "not",
    };

    /// <summary>The operator that says the same with its sides exchanged.</summary>
    public static Operator Mirrored(this Operator op) => op switch
    {
        Operator.Less => Operator.Greater,
        Operator.LessOrEqual => Operator.GreaterOrEqual,
        Operator.Greater => Operator.Less,
        Operator.GreaterOrEqual => Operator.LessOrEqual,
        _ => op,
    };

    /// <summary>The comparison that holds when this one does not.</summary>
    public static Operator Opposite(this Operator op) => op switch
    {
        Operator.Less => Operator.GreaterOrEqual,
        Operator.LessOrEqual => Operator.Greater,
        Operator.Greater => Operator.LessOrEqual,
        Operator.GreaterOrEqual => Operator.Less,
        Operator.Equal => Operator.NotEqual,
        _ => Operator.Equal,
    };
}
