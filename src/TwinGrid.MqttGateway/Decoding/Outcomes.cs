namespace TwinGrid.MqttGateway.Decoding;

/// <summary>Outcomes as the words that dead letters are counted by.</summary>
internal static class Outcomes
{
    /// <summary>The word of an outcome.</summary>
    public static string Word(ReadingOutcome outcome) => outcome switch
    {
        ReadingOutcome.OutOfRange => "out-of-range",
        ReadingOutcome.WrongType => "wrong-type",
        ReadingOutcome.NotFinite => "not-finite",
        ReadingOutcome.WrongUnit => "wrong-unit",
        ReadingOutcome.BadTime => "bad-time",
        ReadingOutcome.OverLimit => "over-limit",
        ReadingOutcome.Malformed => "malformed-reading",
        _ => outcome.ToString(),
    };
}
