namespace TwinGrid;

/// <summary>
/// Not now: no silo answered in time, or the store does not; the message says which. The call may be made again.
/// </summary>
[GenerateSerializer, Alias("TwinGrid.TwinGridUnavailableException")]
public sealed class TwinGridUnavailableException : TwinGridException
{
    /// <summary>Makes an exception without a message.</summary>
    public TwinGridUnavailableException()
    {
    }

    /// <summary>Makes an exception; the message says what to do.</summary>
    public TwinGridUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with its cause.</summary>
    public TwinGridUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
