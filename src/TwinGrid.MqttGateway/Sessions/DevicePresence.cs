namespace TwinGrid.MqttGateway.Sessions;

/// <summary>stopgap</summary>
internal sealed class DevicePresence(string id)
{
    private readonly HashSet<TwinId> _twins = [];
    private readonly Drain _feeding = new();
    public string Id { get; } = id;
    public bool TryBeginFeed() => _feeding.TryEnter();
    public void EndFeed() => _feeding.Exit();
    public bool Remember(TwinId twin) { lock (_twins) { return _twins.Add(twin); } }
    public void Forget(TwinId twin) { lock (_twins) { _twins.Remove(twin); } }
    public async Task<TwinId[]> TakeFedAsync() { await _feeding.CloseAsync(); lock (_twins) { return [.. _twins]; } }
}
