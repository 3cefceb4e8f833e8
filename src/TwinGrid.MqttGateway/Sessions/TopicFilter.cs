namespace TwinGrid.MqttGateway.Sessions;

/// <summary>A subscription's topic filter, taken apart (MQTT 5 section 4.7). Immutable.</summary>
internal sealed class TopicFilter
{
    private TopicFilter(string text, string[] levels)
    {
        Text = text;
        Levels = levels;
    }

    /// <summary>The filter as the client wrote it.</summary>
    public string Text { get; }

    /// <summary>Its levels; <c>+</c> and <c>#</c> stand for themselves.</summary>
    public string[] Levels { get; }

    /// <summary>
    /// The longest filter, characters: as long as a topic may be. It bounds the levels, too, one by one of which the
    /// tree of filters is walked.
    /// </summary>
    public const int MaxLength = 1_024;

    /// <summary>
    /// Takes a filter apart; null for one that breaks the rules of section 4.7.1 or is longer than any topic.
    /// </summary>
    public static TopicFilter? Parse(string text)
    {
        if (text.Length is 0 or > MaxLength || text.Contains('\0', StringComparison.Ordinal))
        {
            return null;
        }

        string[] levels = text.Split('/');
        for (int i = 0; i < levels.Length; i++)
        {
            bool wildcard = levels[i].AsSpan().ContainsAny('+', '#');
            if (wildcard && (levels[i].Length != 1 || (levels[i] == "#" && i != levels.Length - 1)))
            {
                return null;
            }
        }

        return new TopicFilter(text, levels);
    }

    /// <summary>
    /// True when it matches topics <c>{root}/{kind}/{key}/{branch}/{name}</c>, of one twin or of many.
    /// </summary>
    public bool Covers(string root, string branch)
    {
        for (int i = 0; i < Levels.Length; i++)
        {
            switch (Levels[i])
            {
                case "#":
                    return true;
                case "+":
                    break;
                case var level when (i == 0 && level != root) || (i == 3 && level != branch) || i > 4:
                    return false;
                default:
                    break;
            }
        }

        return Levels.Length == 5;
    }

    /// <summary>
    /// The one twin that it names literally, or null where kind or key is a wildcard or cannot be one.
    /// </summary>
    public TwinId? Twin =>
        Levels.Length > 3 && TwinId.IsSegment(Levels[1]) && TwinId.IsSegment(Levels[2])
            ? new TwinId(Levels[1], Levels[2])
            : null;

    /// <summary>
    /// The twin whose device subscribes by it, or null for an observer's: it names the twin and the branch of its
    /// commands, both literally, as in <c>twins/pump/p1/commands/+</c>. Whoever looks at all of a twin,
    /// <c>twins/pump/p1/#</c>, does not do what a command says.
    /// </summary>
    public TwinId? DeviceOf(string root) =>
        Levels.Length > 3 && Levels[3] == TopicNames.Commands && Covers(root, TopicNames.Commands) ? Twin : null;

    /// <summary>True when it may match some topic of a twin.</summary>
    public bool MayMatch(TwinId twin) =>
        MayMatch(1, twin.Kind) && MayMatch(2, twin.Key);

    private bool MayMatch(int level, string segment)
    {
        for (int i = 0; i <= level && i < Levels.Length; i++)
        {
            if (Levels[i] == "#")
            {
                return true;
            }
        }

        return level < Levels.Length && (Levels[level] == "+" || Levels[level] == segment);
    }
}
