namespace TwinGrid.Twins.Ingest;

/// <summary>Which first readings make a twin.</summary>
public enum NewTwins
{
    /// <summary>Any: convenient on one's own machine.</summary>
    Any,

    /// <summary>Those of a kind that has a definition.</summary>
    KnownKinds,

    /// <summary>None.</summary>
    Existing,
}

/// <summary>When an input counts as taken.</summary>
public enum Acknowledgement
{
    /// <summary>After the commit: it survives a crash.</summary>
    Durable,

    /// <summary>After the twin's turn: for volatile data and for finding the limits.</summary>
    Applied,
}

/// <summary>How readings are taken in, section <c>TwinGrid:Ingest</c>.</summary>
public sealed class IngestOptions
{
    /// <summary>
    /// Which first readings make a twin; default any while everything listens on loopback, else known kinds.
    /// </summary>
    public NewTwins? NewTwins { get; set; }

    /// <summary>Readings older than this on arrival are history: they never cause a command. Default 60 s.</summary>
    public Duration LiveWindow { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>When an input counts as taken; bound from <c>TwinGrid:Mqtt:Acknowledge</c>, default durable.</summary>
    public Acknowledgement Acknowledge { get; set; } = Acknowledgement.Durable;
}
