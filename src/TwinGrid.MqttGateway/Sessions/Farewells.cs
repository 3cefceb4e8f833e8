using System.Globalization;
namespace TwinGrid.MqttGateway.Sessions;

/// <summary>stopgap</summary>
internal sealed class Farewells(ITwinIngest ingest, TimeProvider clock)
{
    private readonly Drain _farewells = new();
    private readonly string _incarnation = Guid.CreateVersion7(clock.GetUtcNow()).ToString("N", CultureInfo.InvariantCulture);
    private int _n;
    public DevicePresence Begin() => new($"{_incarnation}-{Interlocked.Increment(ref _n)}");
    public void Say(DevicePresence presence) { if (_farewells.TryEnter()) _ = SayAsync(presence); }
    public Task StopAsync(CancellationToken cancellationToken) => _farewells.CloseAsync();
    private async Task SayAsync(DevicePresence presence)
    {
        byte[] gone = PackedInputs.Pack(InputKind.Presence, UnixMicroseconds.Now(clock), new PresenceInput(false, presence.Id), TwinGridJson.Default.PresenceInput);
        foreach (TwinId twin in await presence.TakeFedAsync()) await ingest.IngestAsync(twin, gone);
        _farewells.Exit();
    }
}
