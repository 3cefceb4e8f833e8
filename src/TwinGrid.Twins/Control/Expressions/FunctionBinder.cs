namespace TwinGrid.Twins.Control.Expressions;

/// <summary>Finds what a function does and gives it its arguments. The table of functions stands here.</summary>
internal sealed class FunctionBinder(ExpressionBinder expressions, NameBinder names, ExpressionErrors errors)
{
    private static readonly Dictionary<string, Func<double, double>> _mathematical = new()
    {
        ["abs"] = Math.Abs,
        ["sqrt"] = Math.Sqrt,
        ["round"] = static x => Math.Round(x, MidpointRounding.AwayFromZero),
        ["floor"] = Math.Floor,
        ["ceil"] = Math.Ceiling,
    };

    /// <summary>Every function as it is called; EXPRESSIONS.md lists the same.</summary>
    public static IReadOnlyDictionary<string, string> Signatures { get; } = new SortedDictionary<string, string>
    {
        ["abs"] = "abs(x)",
        ["age"] = "age(telemetry)",
        ["ceil"] = "ceil(x)",
        ["clamp"] = "clamp(x, low, high)",
        ["floor"] = "floor(x)",
        ["has"] = "has(name)",
        ["max"] = "max(x, y, …)",
        ["min"] = "min(x, y, …)",
        ["quality"] = "quality(telemetry)",
        ["round"] = "round(x)",
        ["sqrt"] = "sqrt(x)",
        ["within"] = "within(lat, lon, metres, position)",
    };

    /// <summary>Binds a call.</summary>
    /// <exception cref="DefinitionException">There is no such function, or its arguments are others.</exception>
    public Node Bind(CallSyntax call)
    {
        string source = expressions.Source(call);
        switch (call.Function)
        {
            case "min" or "max":
                return BindExtreme(call, source);
            case "clamp":
                Count(call, call.Arguments.Count == 3);
                NumberNode raised = new ExtremeNumber(source, true, Number(call, 0), Number(call, 1));
                return new ExtremeNumber(source, false, raised, Number(call, 2));
            case "age":
                Count(call, call.Arguments.Count == 1);
                names.Reads.Age = true;
                return new AgeNumber(source, names.BindTelemetrySlot(call.Arguments[0]));
            case "quality":
                Count(call, call.Arguments.Count == 1);
                return new QualityText(source, names.BindTelemetrySlot(call.Arguments[0]));
            case "has":
                Count(call, call.Arguments.Count == 1);
                return BindHas(call.Arguments[0], source);
            case "within":
                Count(call, call.Arguments.Count == 4);
                return BindWithin(call, source);
        }

        if (!_mathematical.TryGetValue(call.Function, out Func<double, double>? function))
        {
            throw errors.At(
                call.Start,
                $"found the unknown function '{call.Function}'; expected one of the functions"
                + NearestName.Sentence(call.Function, "functions", [.. Signatures.Keys]));
        }

        Count(call, call.Arguments.Count == 1);
        return new FunctionNumber(source, function, Number(call, 0));
    }

    private NumberNode Number(CallSyntax call, int argument) => expressions.BindNumber(call.Arguments[argument]);

    private NumberNode BindExtreme(CallSyntax call, string source)
    {
        Count(call, call.Arguments.Count >= 2);
        NumberNode result = Number(call, 0);
        for (int i = 1; i < call.Arguments.Count; i++)
        {
            result = new ExtremeNumber(source, call.Function == "max", result, Number(call, i));
        }

        return result;
    }

    private HasCondition BindHas(ExpressionSyntax argument, string source)
    {
        string subject = expressions.Source(argument);
        if (argument is not NameSyntax { Name: not ("true" or "false") } name)
        {
            throw errors.At(
                argument.Start,
                $"found {errors.Quote(argument)}; expected the name of a telemetry, prediction or property");
        }

        if (names.FindTelemetry(name.Name) is not null)
        {
            int slot = names.BindTelemetrySlot(name);
            return new HasCondition(
                source, subject, scope => LiveReading.Value(scope, slot).Type != TelemetryType.None);
        }

        return new HasCondition(source, subject, names.Bind(name) switch
        {
            NumberNode number => scope => !double.IsNaN(number.Evaluate(scope)),
            TextNode text => scope => text.Evaluate(scope) is not null,
            ConditionNode condition => scope => condition.Evaluate(scope) != Ternary.Unknown,
            UntypedNode untyped => scope => untyped.Evaluate(scope).Type != TelemetryType.None,
            Node node => throw new InvalidOperationException($"no rule says when {node.GetType().Name} has a value"),
        });
    }

    private NumberComparison BindWithin(CallSyntax call, string source)
    {
        ExpressionSyntax place = call.Arguments[3];
        int slot = names.BindTelemetrySlot(place);
        if (names.TypeOf(slot) != TelemetryType.Position)
        {
            throw errors.At(place.Start, $"found {errors.Quote(place)}; expected a telemetry that is a position");
        }

        string latitude = expressions.Source(call.Arguments[0]);
        string longitude = expressions.Source(call.Arguments[1]);
        DistanceNumber distance = new(
            $"the distance of {expressions.Source(place)} from {latitude}, {longitude}",
            slot,
            Number(call, 0),
            Number(call, 1));
        return new NumberComparison(source, Operator.LessOrEqual, distance, Number(call, 2));
    }

    private void Count(CallSyntax call, bool right)
    {
        if (!right)
        {
            string noun = call.Arguments.Count == 1 ? "argument" : "arguments";
            throw errors.At(
                call.Start,
                $"found {call.Arguments.Count} {noun} in {call.Function}(); expected {Signatures[call.Function]}");
        }
    }
}
