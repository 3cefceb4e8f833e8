namespace TwinGrid;

/// <summary>
/// What is stored of one twin is damaged, as the message says: the twin is neither read nor written until it is
/// restored. The others go on.
/// </summary>
[GenerateSerializer, Alias("TwinGrid.TwinDamagedException")]
public sealed class TwinDamagedException : TwinGridException
{
    /// <summary>Makes an exception without a message.</summary>
    public TwinDamagedException()
    {
    }

    /// <summary>Makes an exception; the message says which row, and what to do.</summary>
    public TwinDamagedException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with its cause.</summary>
    public TwinDamagedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
