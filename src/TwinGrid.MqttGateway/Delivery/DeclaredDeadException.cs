namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// A gateway does not listen to a silo that the membership declared dead: its twins tell from elsewhere. That is for
/// good; the call need not be made again.
/// </summary>
[GenerateSerializer, Alias("TwinGrid.DeclaredDeadException")]
internal sealed class DeclaredDeadException : TwinGridException
{
    /// <summary>Makes an exception; the message names the silo.</summary>
    public DeclaredDeadException(string message)
        : base(message)
    {
    }
}
