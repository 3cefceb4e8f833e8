using System.Text.Json;

namespace TwinGrid.FaultTests.Devices;

/// <summary>A command as a device is given it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Number">The intention's number, from its arguments.</param>
/// <param name="ExpiresAt">When its time is over.</param>
internal readonly record struct DeviceCommand(string Id, long Number, DateTimeOffset ExpiresAt)
{
    /// <summary>Reads what the grid sends.</summary>
    public static DeviceCommand Read(byte[] payload)
    {
        using JsonDocument json = JsonDocument.Parse(payload);
        return new DeviceCommand(
            json.RootElement.GetProperty("id").GetString()!,
            json.RootElement.GetProperty("args").GetProperty("n").GetInt64(),
            json.RootElement.GetProperty("expiresAt").GetDateTimeOffset());
    }
}

/// <summary>How a command came.</summary>
/// <param name="Link">On which connection.</param>
/// <param name="Gateway">From which gateway, by its place.</param>
/// <param name="Id">The packet's id.</param>
internal readonly record struct CommandPacket(MqttLink Link, int Gateway, int Id);
