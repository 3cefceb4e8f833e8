using System.Net;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Overload;

/// <summary>What a silo owes while its disk, or its database's, is full, and after.</summary>
internal static class FullDisk
{
    /// <summary>A write was refused: reads go on and say so, the silo lives and is not ready for this reason.</summary>
    public static async Task IsToldAsync(SiloProcess silo)
    {
        Assert.False((await silo.Api.TwinAsync("pump/p1"))!.Value.GetProperty("durable").GetBoolean());
        ApiAnswer unready = await Eventually.SeeAsync(
            "that it is not ready",
            () => silo.Api.SendAsync(HttpMethod.Get, "/health/ready"),
            static answer => answer.Status == HttpStatusCode.ServiceUnavailable);
        Assert.Contains("disk is full", unready.Body.GetProperty("status").GetString(), StringComparison.Ordinal);
        Assert.Equal(200, await silo.Api.StatusAsync("/health/live"));
    }

    /// <summary>There is space again: a reading is kept, and the silo is ready.</summary>
    public static async Task IsOverAsync(SiloProcess silo, int reading)
    {
        await Eventually.SeeAsync(
            "a reading that is kept",
            () => silo.Api.PostTelemetryAsync("pump/p1", $$"""{"n":{{reading}}}"""),
            static answer => answer.Status == HttpStatusCode.NoContent);
        Assert.Equal(200, await silo.Api.StatusAsync("/health/ready"));
        Assert.Equal(reading, (await silo.Api.TwinAsync("pump/p1"))!.Value.Number("n"));
    }
}
