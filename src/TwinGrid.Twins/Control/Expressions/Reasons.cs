namespace TwinGrid.Twins.Control.Expressions;

/// <summary>
/// Why a condition is what it is: fragments of a sentence for people, and the same as data. Filled when somebody asks,
/// never on the hot path.
/// </summary>
internal sealed class Reasons
{
    /// <summary>More than a person looks at make alarms and snapshots only longer.</summary>
    public const int Most = 16;

    private readonly List<string> _fragments = [];
    private readonly List<AlarmEvidence> _evidence = [];

    /// <summary>The fragments as a part of a sentence.</summary>
    public string Sentence => string.Join(" and ", _fragments.Distinct());

    /// <summary>The comparisons that decided, each followed by what it was computed of.</summary>
    public IReadOnlyList<AlarmEvidence> Evidence => _evidence;

    /// <summary>A number as evidence shows it: none where it is not finite, which JSON cannot say.</summary>
    public static ReadingValue Shown(double number) => double.IsFinite(number) ? ReadingValue.Of(number) : default;

    /// <summary>A text as evidence shows it: its beginning.</summary>
    public static ReadingValue Shown(string? text) =>
        text is null ? default : ReadingValue.Of(Expressions.Sentence.Shorten(text));

    /// <summary>A truth as evidence shows it: none where it is unknown.</summary>
    public static ReadingValue Shown(Ternary truth) =>
        truth == Ternary.Unknown ? default : ReadingValue.Of(truth == Ternary.True);

    /// <summary>A value of any type as evidence shows it.</summary>
    public static ReadingValue Shown(in ReadingValue value) => value.Type switch
    {
        TelemetryType.Number => Shown(value.Number),
        TelemetryType.Text => Shown(value.Text),
        _ => value,
    };

    /// <summary>Says it to people.</summary>
    public void Say(string fragment) => _fragments.Add(fragment);

    /// <summary>What decided: a comparison, or something that is true or false.</summary>
    public void Decided(AlarmEvidence evidence)
    {
        if (_evidence.Count < Most && !_evidence.Exists(known => IsSame(known, evidence)))
        {
            _evidence.Add(evidence);
        }
    }

    /// <summary>What was read for it, where it is not there already.</summary>
    public void Read(AlarmEvidence evidence)
    {
        if (_evidence.Count < Most && !_evidence.Exists(known => known.Input == evidence.Input))
        {
            _evidence.Add(evidence);
        }
    }

    private static bool IsSame(AlarmEvidence one, AlarmEvidence other) =>
        (one.Input, one.Operator) == (other.Input, other.Operator) && one.Threshold == other.Threshold;
}
