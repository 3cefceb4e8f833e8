using MQTTnet;
using MQTTnet.Formatter;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Sessions;

/// <summary>MQTT sessions that outlive their connection and the process that served it.</summary>
public sealed class StoredSessionTests
{
    [Theory]
    [InlineData(MqttProtocolVersion.V311, true)]
    [InlineData(MqttProtocolVersion.V500, true)]
    [InlineData(MqttProtocolVersion.V500, false)]
    public async Task A_command_waits_for_its_device_over_a_restart_without_a_new_subscription(
        MqttProtocolVersion version, bool isKilled)
    {
        using var home = new SiloHome();
        string id;
        await using (SiloProcess silo = await SiloProcess.StartAsync(home))
        {
            await using (MqttDevice device = await ConnectAsync(silo, version))
            {
                await device.PublishAsync("twins/valve/v1/telemetry/open", "false");
                await device.SubscribeAsync("twins/valve/v1/commands/+");
            }

            id = await silo.Api.CommandAsync("valve/v1", "open", """{"angle":30}""", "?expiresIn=10m");
            if (isKilled)
            {
                await silo.KillAsync();
            }
            else
            {
                (await silo.StopAsync()).End.Succeeded();
            }
        }

        await using SiloProcess again = await SiloProcess.StartAsync(home);
        await using MqttDevice back = await ConnectAsync(again, version);
        MqttMessage command = await back.NextOnAsync("commands/open");
        Assert.Equal(id, command.Json.GetProperty("id").GetString());
        await again.Api.WaitForCommandAsync("valve/v1", id, "delivered");
    }

    private static Task<MqttDevice> ConnectAsync(SiloProcess silo, MqttProtocolVersion version) =>
        MqttDevice.ConnectAsync(silo.MqttPort, "valve-one", version, options =>
        {
            options.WithCleanSession(false);
            if (version == MqttProtocolVersion.V500)
            {
                options.WithSessionExpiryInterval(600);
            }
        });
}
