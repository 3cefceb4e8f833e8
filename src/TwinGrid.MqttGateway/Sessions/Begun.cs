namespace TwinGrid.MqttGateway.Sessions;

/// <summary>Why a connection got no session.</summary>
internal enum BeginRefusal : byte
{
    /// <summary>It has one.</summary>
    None = 0,

    /// <summary>As many sessions outlive their connections as may.</summary>
    Full,

    /// <summary>The client connected again meanwhile, here or elsewhere.</summary>
    Superseded,

    /// <summary>The store could not keep the connection's will.</summary>
    NotKept,
}

/// <summary>What became of a connection that asked for its client's session.</summary>
/// <param name="Session">The session; null where there is none.</param>
/// <param name="IsPresent">True when it was there before.</param>
/// <param name="Refusal">Why there is none.</param>
internal readonly record struct Begun(MqttSession? Session, bool IsPresent, BeginRefusal Refusal = BeginRefusal.None)
{
    /// <summary>No session.</summary>
    public static Begun Refused(BeginRefusal why) => new(null, false, why);
}
