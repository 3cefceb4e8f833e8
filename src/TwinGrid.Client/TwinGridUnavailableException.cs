namespace TwinGrid.Client;

/// <summary>No silo answered in time; the message says where one was looked for. The call may be made again.</summary>
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
