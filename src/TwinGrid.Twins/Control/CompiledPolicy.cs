using TwinGrid.Twins.Control.Expressions;

namespace TwinGrid.Twins.Control;

/// <summary>A policy of a kind with its condition compiled. Immutable, thread-safe.</summary>
internal sealed class CompiledPolicy
{
    /// <summary>The type of policies whose condition is an expression.</summary>
    private const string ExpressionType = "Expression";

    private static readonly TimeSpan DefaultExpiry = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestExpiry = TimeSpan.FromDays(7);

    private readonly IControlPolicy? _custom;
    private readonly CompiledExpression? _when;
    private readonly CompiledExpression? _clear;

    private CompiledPolicy(
        TwinDefinition kind, int index, IReadOnlyDictionary<string, ControlPolicyType> types)
    {
        Definition = kind.Policies[index];
        UnverifiedName = $"{Definition.Name}.unverified";
        string place = $"$.policies[{index}]";
        if (Definition.Type != ExpressionType)
        {
            _custom = Custom(kind, place, types);
        }
        else
        {
            PolicyExpression when = Definition.When
                ?? throw new DefinitionException(
                    kind.Source ?? kind.Kind, place, "a policy needs a condition, \"when\"");
            _when = CompiledExpression.Compile(kind, when, $"{place}.when");
            _clear = Definition.Clear is { } clear ? CompiledExpression.Compile(kind, clear, $"{place}.clear") : null;
        }

        Expect = Definition.Verify is { } verify
            ? CompiledExpression.Compile(kind, verify.Expect, $"{place}.verify.expect")
            : null;
        CommandDefinition? command = kind.Commands.FirstOrDefault(c => c.Name == Definition.Command?.Name);
        TimeSpan expiry = Definition.Command?.ExpiresIn?.Value ?? command?.ExpiresIn.Value ?? DefaultExpiry;
        CommandExpiry = UnixMicroseconds.From(expiry < LongestExpiry ? expiry : LongestExpiry);
        Slots = SlotsOf(kind);
        Models = ModelsRead();
    }

    public PolicyDefinition Definition { get; }

    /// <summary>What must come true after its command, or null.</summary>
    public CompiledExpression? Expect { get; }

    /// <summary>How long its command may wait for the device, microseconds.</summary>
    public long CommandExpiry { get; }

    /// <summary>
    /// The telemetry that the condition rests on, through its predictions too; all of it for a policy of a user's own.
    /// </summary>
    public int[] Slots { get; }

    /// <summary>The models that the condition reads, one bit each; all for a policy of a user's own.</summary>
    public ulong Models { get; }

    /// <summary>True when it sends a command of its own accord.</summary>
    public bool Acts => Definition is { Mode: PolicyMode.Act, Command: not null };

    /// <summary>The name of the alarm that says that its command had no effect.</summary>
    public string UnverifiedName { get; }

    /// <summary>True when time alone can change the condition: it and its hold time then run in grid time.</summary>
    public bool ReadsAge => _when is { ReadsAge: true } || _clear is { ReadsAge: true };

    public static CompiledPolicy[] CompileAll(
        TwinDefinition kind, IReadOnlyDictionary<string, ControlPolicyType> types) =>
        [.. Enumerable.Range(0, kind.Policies.Count).Select(index => new CompiledPolicy(kind, index, types))];

    /// <summary>True for the alarms that it raises.</summary>
    public bool Owns(string alarm) => alarm == Definition.Name || (Expect is not null && alarm == UnverifiedName);

    /// <summary>What the condition says now.</summary>
    public PolicyVerdict Judge(StateScope scope)
    {
        if (_custom is not null)
        {
            return _custom.Judge(scope.View);
        }

        Ternary when = _when!.Evaluate(scope);
        if (when == Ternary.True)
        {
            return PolicyVerdict.Raise;
        }

        Ternary clear = _clear is null ? Not(when) : _clear.Evaluate(scope);
        return clear switch
        {
            Ternary.True => PolicyVerdict.Clear,
            _ when when == Ternary.Unknown => PolicyVerdict.Unknown,
            _ => PolicyVerdict.Hold,
        };
    }

    /// <summary>Why the alarm was raised.</summary>
    public AlarmReason ExplainRaise(StateScope scope)
    {
        AlarmReason reason = Explain(_when, scope);
        return Definition.For.Value > TimeSpan.Zero
            ? reason with { Why = $"{reason.Why} for {Definition.For}" }
            : reason;
    }

    /// <summary>Why the alarm was cleared.</summary>
    public AlarmReason ExplainClear(StateScope scope) => Explain(_clear ?? _when, scope);

    /// <summary>The next grid time at which time alone can change the condition.</summary>
    public long NextChange(StateScope scope) => Math.Min(
        _when?.NextChange(scope) ?? long.MaxValue, _clear?.NextChange(scope) ?? long.MaxValue);

    private AlarmReason Explain(CompiledExpression? condition, StateScope scope) => _custom is not null
        ? new AlarmReason(_custom.Explain(scope.View), [.. _custom.Evidence(scope.View).Take(Reasons.Most)])
        : new AlarmReason(condition!.Explain(scope));

    private ulong ModelsRead() => _custom is not null
        ? ulong.MaxValue
        : _when!.ModelsRead.Concat(_clear?.ModelsRead ?? []).Aggregate(0UL, (bits, model) => bits | (1UL << model));

    private int[] SlotsOf(TwinDefinition kind)
    {
        if (_custom is not null)
        {
            return [.. Enumerable.Range(0, kind.Telemetry.Count)];
        }

        CompiledExpression[] conditions = _clear is null ? [_when!] : [_when!, _clear];
        IEnumerable<string> ofModels = conditions
            .SelectMany(condition => condition.ModelsRead)
            .Select(model => kind.Models[model])
            .SelectMany(model => model.Output is null ? model.Inputs : [.. model.Inputs, model.Output]);
        IEnumerable<int> modelSlots = kind.Telemetry.Index()
            .Where(telemetry => ofModels.Contains(telemetry.Item.Name))
            .Select(telemetry => telemetry.Index);
        return [.. conditions.SelectMany(condition => condition.TelemetrySlots).Concat(modelSlots).Distinct()];
    }

    private static Ternary Not(Ternary truth) => (Ternary)(-(sbyte)truth);

    private IControlPolicy Custom(
        TwinDefinition kind, string place, IReadOnlyDictionary<string, ControlPolicyType> types)
    {
        if (types.TryGetValue(Definition.Type, out ControlPolicyType? type))
        {
            return type.Create(Definition);
        }

        string known = string.Join(", ", types.Keys.Append(ExpressionType).Order(StringComparer.Ordinal));
        throw new DefinitionException(
            kind.Source ?? kind.Kind,
            $"{place}.type",
            $"no policy type '{Definition.Type}' is registered; known are {known}");
    }
}
