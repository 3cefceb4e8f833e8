using System.Reflection;
using System.Text.RegularExpressions;
using TwinGrid.Tests.MqttGateway;
using TwinGrid.Tests.Tidy;

namespace TwinGrid.Tests.Conformance;

/// <summary>The corpus of bad input, each file against our listener as it is by default.</summary>
public sealed partial class BadInputTests(BadInputTests.Grid grid) : IClassFixture<BadInputTests.Grid>
{
    public static TheoryData<string> Files() => [.. CorpusFile.Names];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Bad_input_ends_as_its_file_says_and_harms_nobody_else(string file)
    {
        CorpusFile it = CorpusFile.Read(file);
        await using RawClient client = await RawClient.OpenAsync(grid.Gateway.Port, it.Level);
        if (it.IsAccepted)
        {
            await client.ConnectAsync(new Connect { ClientId = file });
        }

        await client.SendAsync(it.Bytes);
        bool isClosed = false;
        foreach (string outcome in it.Outcome)
        {
            isClosed = await ExpectAsync(client, outcome, file);
        }

        if (!isClosed)
        {
            await client.AssertQuietAsync();
        }

        await grid.Bystander.AssertQuietAsync();
        await AssertOthersAreServedAsync(it.Level);
    }

    [Fact]
    public void Every_case_has_a_file_or_stands_in_the_README_with_a_test_or_a_reason()
    {
        string readme = Repository.Read($"{CorpusFile.Folder}README.md");
        IEnumerable<int> inFiles = CorpusFile.Names.Select(name => CorpusFile.Read(name).Number);
        IEnumerable<int> elsewhere = CaseNumber().Matches(readme[readme.IndexOf("## Else", StringComparison.Ordinal)..])
            .Select(match => int.Parse(match.Groups[1].Value, null));
        Assert.Equal(Enumerable.Range(1, 50), inFiles.Concat(elsewhere).Distinct().Order());
        foreach (Match test in TestName().Matches(readme))
        {
            Type? type = typeof(BadInputTests).Assembly.GetType($"TwinGrid.Tests.Conformance.{test.Groups[1].Value}");
            MethodInfo? method = type?.GetMethod(test.Groups[2].Value);
            Assert.True(method is not null, $"README.md: no test {test.Value}");
        }
    }

    private async Task<bool> ExpectAsync(RawClient client, string outcome, string file)
    {
        string[] words = outcome.Split(' ');
        switch (words[0])
        {
            case "letter":
                Assert.Contains(
                    grid.Gateway.Store.Letters, letter => letter.Client == file && letter.Reason == words[1]);
                return false;
            case "alive":
                return false;
            case "closed":
                await client.AssertClosedAsync();
                return true;
        }

        RawPacket? packet = await client.ReadAsync();
        string seen = packet switch
        {
            ConnAck it => $"CONNACK {it.Code:X2}",
            Disconnect it => $"DISCONNECT {it.Reason:X2}",
            Answer it => $"{it.Kind.ToString().ToUpperInvariant()} {it.Reason:X2}",
            SubAck it => $"SUBACK {string.Join(' ', it.Codes.Select(code => $"{code:X2}"))}",
            null => "closed",
            _ => packet.ToString(),
        };
        Assert.Equal(outcome, seen);
        bool ends = packet is Disconnect or ConnAck { Code: not 0 };
        if (ends)
        {
            await client.AssertClosedAsync();
        }

        return ends;
    }

    private async Task AssertOthersAreServedAsync(int level)
    {
        await using RawClient next = await RawClient.OpenAsync(grid.Gateway.Port, level);
        await next.ConnectAsync(new Connect { ClientId = "next" });
        Assert.Equal(0, await next.PublishAsync("twins/demo/next/telemetry/temperature", "21.5"));
        await next.LeaveAsync();
    }

    /// <summary>One gateway for all files, so that what one leaves behind can hurt the next.</summary>
    public sealed class Grid : IAsyncLifetime
    {
        public RunningGateway Gateway { get; private set; } = null!;

        internal RawClient Bystander { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Gateway = await RunningGateway.StartAsync();
            Bystander = await RawClient.OpenAsync(Gateway.Port, 5);
            await Bystander.ConnectAsync(new Connect { ClientId = "bystander", KeepAlive = 600 });
        }

        public async ValueTask DisposeAsync()
        {
            await Bystander.DisposeAsync();
            await Gateway.DisposeAsync();
        }
    }

    [GeneratedRegex(@"(?:^- |, )(\d+) \(", RegexOptions.Multiline)]
    private static partial Regex CaseNumber();

    [GeneratedRegex(@"`(\w+Tests)\.(\w+)`")]
    private static partial Regex TestName();
}
