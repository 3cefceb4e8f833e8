namespace TwinGrid;

/// <summary>
/// A store refused a group of turns and kept nothing of it, as the message says; that is certain. Where a commit may
/// have been kept all the same, a store throws another <see cref="TwinGridException"/>.
/// </summary>
[GenerateSerializer, Alias("TwinGrid.TwinGridNotCommittedException")]
public sealed class TwinGridNotCommittedException : TwinGridException
{
    /// <summary>Makes an exception without a message.</summary>
    public TwinGridNotCommittedException()
    {
    }

    /// <summary>Makes an exception; the message says why nothing was kept.</summary>
    public TwinGridNotCommittedException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with its cause.</summary>
    public TwinGridNotCommittedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
