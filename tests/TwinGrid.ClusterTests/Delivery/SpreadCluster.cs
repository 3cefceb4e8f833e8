using System.Net;
using System.Text.RegularExpressions;
using MQTTnet;
using MQTTnet.Formatter;
using TwinGrid.ClusterTests.Cluster;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Delivery;

/// <summary>
/// Silos with twins and silos with listeners, so that a twin, its device and whoever observes are never on one.
/// </summary>
internal static partial class SpreadCluster
{
    /// <summary>Starts so many silos with twins, then so many with a listener and the API.</summary>
    public static async Task<ClusterOfSilos> StartAsync(int twins, int gateways)
    {
        ClusterOfSilos cluster = await ClusterOfSilos.EmptyAsync();
        try
        {
            await cluster.AddAsync(
            [
                .. Enumerable.Range(0, twins).Select(i => ($"twins{i}", (string[])["Roles=Twins"])),
                .. Enumerable.Range(0, gateways).Select(i => ($"gateway{i}", (string[])["Roles=Gateway,Api"])),
            ]);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes twins until that silo has one more.</summary>
    /// <returns>It.</returns>
    public static async Task<string> TwinOnAsync(SiloProcess silo, SiloProcess through, string prefix)
    {
        int before = await ActiveTwinsAsync(silo);
        for (int i = 0; i < 100; i++)
        {
            string twin = $"pump/{prefix}{i}";
            ApiAnswer answer = await Eventually.SeeAsync(
                $"{twin} is made", () => through.Api.PostTelemetryAsync(twin, """{"temperature":21}"""),
                seen => (int)seen.Status == 204);
            Assert.Equal(204, (int)answer.Status);
            if (await ActiveTwinsAsync(silo) > before)
            {
                return twin;
            }
        }

        throw new InvalidOperationException("of a hundred twins none came to that silo");
    }

    /// <summary>A device with a session that stays for ten minutes.</summary>
    public static Task<MqttDevice> StayAsync(SiloProcess at, string client) => MqttDevice.ConnectAsync(
        at.MqttPort,
        client,
        MqttProtocolVersion.V500,
        options => options.WithCleanSession(false).WithSessionExpiryInterval(600));

    /// <summary>Waits until a command stands where it should, while silos come and go.</summary>
    public static Task StandsAsync(SiloProcess through, string twin, string id, string status) => Eventually.SeeAsync(
        $"command {id} {status}",
        () => through.Api.SendAsync(HttpMethod.Get, $"/api/v1/twins/{twin}/commands/{id}"),
        answer => answer.Status == HttpStatusCode.OK && answer.Body.GetProperty("status").GetString() == status);

    /// <summary>Sends a command as soon as its twin takes it, while silos come and go.</summary>
    /// <returns>Its id.</returns>
    public static async Task<string> CommandAsync(SiloProcess through, string twin, string name, string key)
    {
        ApiAnswer answer = await Eventually.SeeAsync(
            $"command {name} is taken",
            () => through.Api.PostCommandAsync(twin, name, "{}", "?expiresIn=5m", key),
            answer => answer.Status == HttpStatusCode.Accepted);
        return answer.Body.GetProperty("id").GetString()!;
    }

    private static async Task<int> ActiveTwinsAsync(SiloProcess silo)
    {
        using HttpClient http = new() { BaseAddress = silo.Web };
        Match found = ActiveTwins().Match(await http.GetStringAsync("/metrics"));
        return found.Success ? int.Parse(found.Groups["count"].Value, null) : 0;
    }

    [GeneratedRegex(@"^twingrid_twins_active\S*(?:\{[^}]*\})? (?<count>\d+)", RegexOptions.Multiline)]
    private static partial Regex ActiveTwins();
}
