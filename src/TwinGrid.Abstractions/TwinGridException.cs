namespace TwinGrid;

/// <summary>
/// The root of TwinGrid's exceptions: a surprise that the message explains. Expected failures are values,
/// such as <see cref="ReadingOutcome"/>.
/// </summary>
[GenerateSerializer, Alias("TwinGrid.TwinGridException")]
public class TwinGridException : Exception
{
    /// <summary>Makes an exception without a message.</summary>
    public TwinGridException()
    {
    }

    /// <summary>Makes an exception; the message says what to do.</summary>
    public TwinGridException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with its cause.</summary>
    public TwinGridException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
