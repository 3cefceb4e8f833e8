namespace TwinGrid.MqttGateway.Sessions;

/// <content>Which twins the session's connections prove to be there.</content>
internal sealed partial class MqttSession
{
    private DevicePresence? _presence;
    private TwinId[] _fedElsewhere = [];

    /// <summary>Notes what its new connection proves of twins.</summary>
    /// <returns>The twins that the connection before fed, here or at another gateway.</returns>
    public TwinId[] Follow(DevicePresence presence)
    {
        lock (_lock)
        {
            TwinId[] fed = [.. _presence?.Known() ?? [], .. _fedElsewhere];
            _presence = presence;
            _fedElsewhere = [];
            return fed;
        }
    }

    /// <summary>Notes the twins that its last connection fed at another gateway.</summary>
    /// <returns>What its connection here proves of twins; null where the next one is told of them.</returns>
    public DevicePresence? NoteFed(IReadOnlyList<TwinId> twins)
    {
        lock (_lock)
        {
            if (_presence is null)
            {
                _fedElsewhere = [.. _fedElsewhere, .. twins];
            }

            return _presence;
        }
    }

    /// <summary>What its connection proves of twins; null before the first.</summary>
    public DevicePresence? Presence => Volatile.Read(ref _presence);
}
