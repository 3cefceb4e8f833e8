namespace TwinGrid.MqttGateway.Decoding;

/// <summary>What is known of one topic: where it leads, and the address of its twin. Thread-safe.</summary>
internal sealed class TopicSlot
{
    private object? _fed;

    /// <summary>The topic.</summary>
    public required string Topic { get; init; }

    /// <summary>The topic as it came, UTF-8.</summary>
    public required byte[] Utf8 { get; init; }

    /// <summary>Where it leads.</summary>
    public required TopicRoute Route { get; init; }

    /// <summary>Its twin; null where it leads to none.</summary>
    public required TwinAddress? Address { get; init; }

    /// <summary>True when the topic's bytes were found valid once.</summary>
    public bool IsChecked { get; set; }

    /// <summary>
    /// A mark of the presence that last fed the twin through this topic, so that it need not look its twin up again.
    /// </summary>
    public object? FedMark
    {
        get => Volatile.Read(ref _fed);
        set => Volatile.Write(ref _fed, value);
    }

    /// <summary>
    /// True when the slot is this topic's: a connection that keeps its last slot asks it before the cache.
    /// </summary>
    public bool Is(ReadOnlySpan<byte> topic) => topic.SequenceEqual(Utf8);
}
