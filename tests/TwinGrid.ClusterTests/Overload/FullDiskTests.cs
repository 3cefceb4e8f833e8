using System.Net;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Overload;

/// <summary>A grid whose disk is full: a small tmpfs that the test fills and empties.</summary>
public sealed class FullDiskTests
{
    [Fact]
    public async Task Writes_wait_or_are_refused_reads_go_on_and_all_goes_on_when_there_is_space()
    {
        using var home = new SiloHome();
        using SmallDisk disk = await SmallDisk.MountAsync(home.Data, mebibytes: 32);
        await using SiloProcess silo = await SiloProcess.StartAsync(home, "Http:Timeout=2s");
        Assert.Equal(HttpStatusCode.NoContent, (await silo.Api.PostTelemetryAsync("pump/p1", """{"n":1}""")).Status);

        Assert.Equal("ok", (await silo.Api.GetAsync("/health/ready")).GetProperty("status").GetString());

        disk.Fill();
        await using MqttDevice publisher = await MqttDevice.ConnectAsync(silo.MqttPort);
        Task<MQTTnet.MqttClientPublishResult> kept = publisher.TryPublishAsync("twins/pump/p1/telemetry/n", "2");
        ApiAnswer refused = await silo.Api.PostTelemetryAsync("pump/p1", """{"n":3}""");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.Status);
        await FullDisk.IsToldAsync(silo);
        Assert.False(kept.IsCompletedSuccessfully, "a full disk kept a reading");

        disk.Empty();
        await FullDisk.IsOverAsync(silo, reading: 4);
        Assert.True((await kept).IsSuccess);
        (await silo.StopAsync()).End.Succeeded();
    }
}
