using System.Buffers;
using Parlot;
using Parlot.Fluent;

namespace TwinGrid.Twins.Control.Expressions;

/// <summary>
/// The grammar of EXPRESSIONS.md in Parlot's combinators: text to <see cref="ExpressionSyntax"/>. Precedence from
/// loose to tight: or, and, not, comparison, + -, * / %, unary minus. Built once; thread-safe.
/// </summary>
internal static class ExpressionGrammar
{
    /// <summary>The longest expression, in characters: a screenful, far beyond what a person can check.</summary>
    public const int MaxLength = 1_024;

    /// <summary>
    /// How deep parentheses and functions may nest: parsing recurses that deep. Evaluation recurses also along chains
    /// of operators, which <see cref="MaxLength"/> bounds.
    /// </summary>
    public const int MaxDepth = 32;

    // Parlot counts the deferred parser and both levels of prefix operators, so three recursions for a parenthesis;
    // the prefix operators themselves count one each.
    private const int MaxRecursion = (MaxDepth + 1) * 3;

    private const string ExpectedValue = "a number, a text, a name, a function or '('";
    private const string ExpectedClosing = "an operator or ')'";
    private const string ExpectedNextArgument = "an operator, ',' or ')'";
    private const string ExpectedEnd = "an operator (+ - * / % < <= > >= == != and or) or the end";

    private const string NameStart = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    private const string NamePart = NameStart + "0123456789.";

    private static readonly Parser<ExpressionSyntax> _expression = Build();

    /// <summary>Reads an expression.</summary>
    /// <exception cref="DefinitionException">It breaks the grammar or a limit.</exception>
    public static ExpressionSyntax Parse(ExpressionErrors errors)
    {
        if (errors.Text.Length > MaxLength)
        {
            throw errors.At(
                MaxLength, $"the expression has {errors.Text.Length} characters; expected at most {MaxLength}");
        }

        ParseContext context = new(
            new Scanner(errors.Text), MaxRecursion, useNewLines: false, disableLoopDetection: false, default);
        ParseResult<ExpressionSyntax> result = default;
        try
        {
            return _expression.Parse(context, ref result)
                ? result.Value
                : throw errors.Unexpected(context.Scanner.Cursor.Offset, ExpectedValue);
        }
        catch (ParseException e) when (IsExpectation(e.Message))
        {
            throw errors.Unexpected(e.Position.Offset, e.Message);
        }
        catch (ParseException)
        {
            // Every other error of Parlot is the bound on its recursion.
            throw errors.At(
                context.Scanner.Cursor.Offset,
                $"found too many levels of parentheses, functions and prefix operators; expected at most {MaxDepth}");
        }
    }

    private static bool IsExpectation(string message) =>
        message is ExpectedValue or ExpectedClosing or ExpectedNextArgument or ExpectedEnd;

    private static Parser<ExpressionSyntax> Build()
    {
        Deferred<ExpressionSyntax> expression = Deferred<ExpressionSyntax>();
        Parser<ExpressionSyntax> value = BuildValue(expression).ElseError(ExpectedValue);

        Parser<ExpressionSyntax> negation = FromPrefix(value.Unary((Terms.Char('-'), Prefix(Operator.Negate))));
        Parser<ExpressionSyntax> product = negation.LeftAssociative(
            [Symbol("*", Operator.Multiply), Symbol("/", Operator.Divide), Symbol("%", Operator.Remainder)], Combine);
        Parser<ExpressionSyntax> sum = product.LeftAssociative(
            [Symbol("+", Operator.Add), Symbol("-", Operator.Subtract)], Combine);
        Parser<ExpressionSyntax> comparison = sum.LeftAssociative(
            [
                Symbol("<=", Operator.LessOrEqual),
                Symbol(">=", Operator.GreaterOrEqual),
                Symbol("==", Operator.Equal),
                Symbol("!=", Operator.NotEqual),
                Symbol("<", Operator.Less),
                Symbol(">", Operator.Greater),
            ],
            Combine);
        Parser<ExpressionSyntax> inversion = FromPrefix(comparison.Unary(
            (Word("not", Operator.Not), Prefix(Operator.Not)), (Symbol("!", Operator.Not), Prefix(Operator.Not))));
        Parser<ExpressionSyntax> conjunction = inversion.LeftAssociative(
            [Word("and", Operator.And), Symbol("&&", Operator.And)], Combine);
        expression.Parser = conjunction.LeftAssociative(
            [Word("or", Operator.Or), Symbol("||", Operator.Or)], Combine);
        return expression.AndSkip(Always().Eof().ElseError(ExpectedEnd));
    }

    private static Parser<ExpressionSyntax> BuildValue(Deferred<ExpressionSyntax> expression)
    {
        Parser<ExpressionSyntax> number = Terms
            .Number<double>(NumberOptions.AllowDecimalSeparator | NumberOptions.AllowExponent)
            .Then<ExpressionSyntax>(static (_, start, end, value) => new NumberSyntax(start, end, value));
        Parser<ExpressionSyntax> text = Terms.String(StringLiteralQuotes.SingleOrDouble)
            .Then<ExpressionSyntax>(static (_, start, end, value) => new TextSyntax(start, end, value.ToString()));

        Parser<char> closing = Terms.Char(')');
        Parser<ExpressionSyntax> group = Terms.Char('(').SkipAnd(expression).AndSkip(closing.ElseError(ExpectedClosing))
            .Then<ExpressionSyntax>(static (_, start, end, inner) => new GroupSyntax(start, end, inner));

        Parser<IReadOnlyList<ExpressionSyntax>> arguments = Terms.Char('(')
            .SkipAnd(Separated(Terms.Char(','), expression))
            .AndSkip(closing.ElseError(ExpectedNextArgument));
        Parser<ExpressionSyntax> name = Terms.Identifier(NameStart, NamePart)
            .When(static (_, word) => word.Span is not ("and" or "or" or "not"))
            .And(arguments.Optional())
            .Then<ExpressionSyntax>(static (_, start, end, found) => found.Item2.HasValue
                ? new CallSyntax(start, end, found.Item1.ToString(), found.Item2.Value!)
                : new NameSyntax(start, end, found.Item1.ToString()));
        return OneOf(number, text, group, name);
    }

    private static Parser<Operator> Symbol(string symbol, Operator op) => Terms.Text(symbol).Then(op);

    private static Parser<Operator> Word(string word, Operator op) => Terms.Keyword(word, NamePart).Then(op);

    private static Func<ExpressionSyntax, ExpressionSyntax> Prefix(Operator op) =>
        operand => new UnarySyntax(operand.Start, operand.End, op, operand);

    /// <summary>Prefix operators do not say where they stand, so the outermost takes the place of the whole.</summary>
    private static Parser<ExpressionSyntax> FromPrefix(Parser<ExpressionSyntax> prefixed) =>
        prefixed.Then(static (_, start, _, found) => found.Start == start ? found : found with { Start = start });

    private static BinarySyntax Combine(ExpressionSyntax left, ExpressionSyntax right, Operator op) =>
        new(left.Start, right.End, op, left, right);
}
