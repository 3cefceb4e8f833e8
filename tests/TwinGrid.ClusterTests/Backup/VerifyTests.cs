using Microsoft.Data.Sqlite;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Backup;

/// <summary>What <c>verify</c> says and its exit codes.</summary>
public sealed class VerifyTests
{
    [Fact]
    public async Task A_row_that_was_taken_from_the_middle_is_named_with_exit_code_1()
    {
        using var home = new SiloHome();
        await using (SiloProcess silo = await SiloProcess.StartAsync(home))
        {
            for (int i = 1; i <= 5; i++)
            {
                await silo.Api.PostTelemetryAsync("meter/m1", $$"""{"n":{{i}}}""");
            }

            Assert.Equal(0, (await VerifyProgram.RunAsync(home)).ExitCode);
            await silo.KillAsync();
        }

        using (var connection = new SqliteConnection(
            $"Data Source={Path.Combine(home.Data, "twingrid.db")};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "DELETE FROM turn WHERE revision = 3";
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        ProgramEnd end = await VerifyProgram.RunAsync(home);

        Assert.Equal(1, end.ExitCode);
        Assert.Contains("damaged: meter/m1 revision 3: the turn is missing", end.Output, StringComparison.Ordinal);
        Assert.Contains("what to do: Stop the silo", end.Output, StringComparison.Ordinal);
        Assert.Contains("1 twins, 4 turns", end.Output, StringComparison.Ordinal);
        Assert.EndsWith(": 1 damage\n", end.Output, StringComparison.Ordinal);

        ProgramEnd refolded = await VerifyProgram.RefoldAsync(home, "meter/m1");
        Assert.Equal(1, refolded.ExitCode);
        Assert.Contains(
            "damaged: meter/m1 revision 1: its turns cannot be folded: The turn of twin meter/m1 at revision 3",
            refolded.Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_definition_that_is_not_as_it_was_stored_is_named_with_exit_code_1()
    {
        using var home = new SiloHome("pump");
        await using (SiloProcess silo = await SiloProcess.StartAsync(home))
        {
            (await silo.StopAsync()).End.Succeeded();
        }

        Assert.Equal(0, (await VerifyProgram.RunAsync(home)).ExitCode);
        using (var connection = new SqliteConnection(
            $"Data Source={Path.Combine(home.Data, "orleans.db")};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = """
                UPDATE OrleansStorage
                SET PayloadBinary = CAST(replace(CAST(PayloadBinary AS TEXT), 'overheat', 'overhaet') AS BLOB)
                WHERE GrainIdExtensionString LIKE '%/pump'
                """;
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        ProgramEnd end = await VerifyProgram.RunAsync(home);

        Assert.Equal(1, end.ExitCode);
        Assert.Contains(
            "damaged: definitions: the definition of pump, revision 1, is not as it was stored",
            end.Output,
            StringComparison.Ordinal);
        Assert.Contains("what to do: Stop the silo", end.Output, StringComparison.Ordinal);
        Assert.EndsWith(": 1 damage\n", end.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DataDirectory=nowhere", "There is no database")]
    [InlineData("Mqtt:Prot=1", "did you mean TwinGrid:Mqtt:Port?")]
    [InlineData("Storage:Provider=PostgreSql", "TwinGrid:Storage:ConnectionString is missing")]
    public async Task What_cannot_be_read_is_said_in_one_sentence_with_exit_code_2(string setting, string problem)
    {
        using var home = new SiloHome();

        ProgramEnd end = await VerifyProgram.RunAsync(home, setting);

        Assert.Equal(2, end.ExitCode);
        Assert.Contains(problem, end.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", end.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(home.Root, "nowhere"));
    }

    [Fact]
    public async Task A_misspelt_word_is_named_with_exit_code_2_and_no_store_is_made()
    {
        using var home = new SiloHome();
        string nowhere = Path.Combine(home.Root, "nowhere");
        foreach (string[] words in new[] { new[] { "verfy" }, ["verify", "--reflod"] })
        {
            ProgramEnd end = await RunningProgram.RunAsync(
                "dotnet", [Repository.SiloProgram, .. words, $"--TwinGrid:DataDirectory={nowhere}"], home.Root);

            Assert.Equal(2, end.ExitCode);
            Assert.Contains($"'{words[^1]}'", end.Errors, StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(nowhere));
    }

    [Theory]
    [InlineData("meter/nobody", "There is no twin meter/nobody")]
    [InlineData("nobody", "--twin nobody is no id of a twin")]
    public async Task A_twin_that_cannot_be_folded_again_is_told_with_exit_code_2(string twin, string problem)
    {
        using var home = new SiloHome();
        await using (SiloProcess silo = await SiloProcess.StartAsync(home))
        {
            await silo.Api.PostTelemetryAsync("meter/m1", """{"n":1}""");
            (await silo.StopAsync()).End.Succeeded();
        }

        ProgramEnd end = await VerifyProgram.RefoldAsync(home, twin);

        Assert.Equal(2, end.ExitCode);
        Assert.Contains(problem, end.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", end.Errors, StringComparison.Ordinal);
    }
}
