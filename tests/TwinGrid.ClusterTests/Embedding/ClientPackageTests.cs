using System.Text.Json;
using System.Xml.Linq;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Embedding;

/// <summary>The client as another service gets it: from a package, in a project of its own.</summary>
public sealed class ClientPackageTests(SharedGrid grid)
{
    // Restores, builds and runs a new project.
    private static readonly TimeSpan Build = TimeSpan.FromMinutes(3);

    // Not a version that anybody publishes, so that no cache of the machine can answer for what was just packed.
    private static readonly string Version = $"0.0.1-test.{DateTime.UtcNow.Ticks}";

    [Fact]
    public async Task An_empty_console_app_restores_the_package_reads_a_twin_and_sends_it_a_command()
    {
        DirectoryInfo app = Directory.CreateTempSubdirectory("twingrid-app-");
        try
        {
            string feed = Path.Combine(app.FullName, "feed");
            await PackAsync("TwinGrid.Abstractions", feed);
            await PackAsync("TwinGrid.Client", feed);
            WriteApp(app.FullName, feed);
            await using MqttDevice device = await MqttDevice.ConnectAsync(grid.MqttPort);
            await device.PublishAsync("twins/valve/embedded/telemetry/angle", "12.5");
            await device.SubscribeAsync("twins/valve/embedded/commands/+");

            ProgramEnd built = await RunningProgram.RunAsync(
                "dotnet", ["build", "--nologo", "-v", "q", "-o", "out"], app.FullName, Build);
            built.Succeeded();
            Task<ProgramEnd> running = RunningProgram.RunAsync(
                "dotnet", ["out/app.dll", $"127.0.0.1:{grid.Silo.GatewayPort}"], app.FullName, Build);
            MqttMessage command = await device.NextOnAsync("commands/open");
            string id = command.Json.GetProperty("id").GetString()!;
            await device.PublishAsync($"twins/valve/embedded/results/{id}", """{"status":"succeeded"}""");
            ProgramEnd end = (await running).Succeeded();

            Assert.Equal(30, command.Json.GetProperty("args").GetProperty("angle").GetInt32());
            Assert.Contains("angle=12.5", end.Output, StringComparison.Ordinal);
            Assert.Contains("command=Succeeded", end.Output, StringComparison.Ordinal);
            JsonElement twin = (await grid.Api.TwinAsync("valve/embedded"))!.Value;
            Assert.Equal(12.5, twin.Number("angle"));
        }
        finally
        {
            app.Delete(recursive: true);
        }
    }

    private static async Task PackAsync(string project, string feed)
    {
        ProgramEnd end = await RunningProgram.RunAsync(
            "dotnet",
            [
                "pack", Path.Combine("src", project), "--no-build", "--nologo", "-v", "q", "-o", feed,
                "-c", Repository.Configuration, $"-p:Version={Version}",
            ],
            Repository.Root,
            Build);
        end.Succeeded();
    }

    private static void WriteApp(string directory, string feed)
    {
        string hosting = PinnedVersion("Microsoft.Extensions.Hosting");
        File.Copy(
            Path.Combine(AppContext.BaseDirectory, "Embedding", "EmptyConsoleApp.cs"),
            Path.Combine(directory, "Program.cs"));
        File.WriteAllText(
            Path.Combine(directory, "app.csproj"),
            $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <NuGetAudit>false</NuGetAudit>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="TwinGrid.Client" Version="{Version}" />
                <PackageReference Include="Microsoft.Extensions.Hosting" Version="{hosting}" />
              </ItemGroup>
            </Project>
            """);

        // Beside the machine's own sources. Packages of this test go to a folder that goes with it; the machine's
        // folder serves what it has, so that the test downloads nothing twice.
        string machine = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        File.WriteAllText(
            Path.Combine(directory, "nuget.config"),
            $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{Path.Combine(directory, "packages")}" /></config>
              <packageSources><add key="twingrid-under-test" value="{feed}" /></packageSources>
              <fallbackPackageFolders><add key="machine" value="{machine}" /></fallbackPackageFolders>
            </configuration>
            """);
    }

    private static string PinnedVersion(string package) =>
        XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props"))
            .Descendants("PackageVersion")
            .First(element => (string?)element.Attribute("Include") == package)
            .Attribute("Version")!.Value;
}
