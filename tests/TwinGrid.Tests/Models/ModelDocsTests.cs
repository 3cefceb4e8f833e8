using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using TwinGrid.Dtdl;
using TwinGrid.Models.Process;
using TwinGrid.Models.RemainingLife;
using TwinGrid.Tests.Tidy;
using TwinGrid.Twins;

namespace TwinGrid.Tests.Models;

/// <summary>The page of the models says what they do: its kind files load, its options are those there are.</summary>
public sealed partial class ModelDocsTests : IDisposable
{
    private static readonly string Page = Repository.Read("src/TwinGrid.Models/README.md");

    private static readonly PredictiveModelType[] Types =
        [.. new ServiceCollection().AddTwinGridModels().BuildServiceProvider().GetServices<PredictiveModelType>()];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("twingrid-docs-");

    public static TheoryData<string> TypeNames => [.. Types.Select(type => type.Type)];

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(TypeNames))]
    public void The_example_of_a_type_runs_in_a_twin(string type)
    {
        TwinDefinition kind = Example(type);
        ModelDefinition model = kind.Models[0];
        Assert.Equal(type, model.Type);

        TwinSimulation twin = new(kind, Types);
        foreach (string input in model.Inputs)
        {
            if (kind.Telemetry.Single(telemetry => telemetry.Name == input).Type == TelemetryType.Waveform)
            {
                twin.ReadWaveform(input, SignalBlocks.MachineRate, SignalBlocks.Machine);
            }
            else
            {
                twin.Read((input, 1));
            }
        }

        Assert.NotNull(twin.Snapshot);
    }

    [Theory]
    [MemberData(nameof(TypeNames))]
    public void The_options_of_a_type_are_those_that_it_knows(string type)
    {
        ModelDefinition model = Example(type).Models[0];
        string options = model.Options.ValueKind == JsonValueKind.Object ? model.Options.GetRawText() : "{}";
        options = options.TrimEnd()[..^1].TrimEnd() + (options.Length > 2 ? "," : "") + "\"noSuchOption\": 1 }";
        DefinitionException refusal = Assert.Throws<DefinitionException>(() => Types.Single(t => t.Type == type)
            .Create(model with { Options = JsonDocument.Parse(options).RootElement }));

        string known = refusal.Message[(refusal.Message.LastIndexOf("expected ", StringComparison.Ordinal) + 9)..];
        Assert.Equal(
            known.Split(", ").Order(),
            Option().Matches(Section(type)).Select(match => match.Groups["name"].Value).Order());
    }

    [Theory]
    [MemberData(nameof(TypeNames))]
    public void The_defaults_of_a_type_change_nothing_where_they_are_written_out(string type)
    {
        ModelDefinition model = Example(type).Models[0];
        string needed = type switch
        {
            "TrendToLimit" => "\"limit\": 80",
            "Signals" => "\"balls\": 9, \"ballDiameter\": 7.94, \"pitchDiameter\": 39.04",
            _ => "",
        };
        foreach (Match option in Option().Matches(Section(type)))
        {
            string value = option.Groups["default"].Value;
            if (value.StartsWith('`'))
            {
                value = value.Trim('`');
                string json = double.TryParse(value, CultureInfo.InvariantCulture, out _) ? value : $"\"{value}\"";
                string written = $"{(needed.Length > 0 ? needed + ", " : "")}\"{option.Groups["name"].Value}\": {json}";
                Assert.Equal(Life(model, needed), Life(model, written));
            }
        }
    }

    [Fact]
    public void The_parameters_are_learnt_as_the_page_says()
    {
        double[][] rows = ProcessPlant.Rows(300, 1);
        IReadOnlyList<LifeHistory> units =
        [
            .. RemainingLifeFleet.Make(12, 1)
                .Select(unit => unit with { Sensors = [.. unit.Sensors.Select(row => row[..2])] }),
        ];
        string before = Environment.CurrentDirectory;
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "definitions"));
        try
        {
            Environment.CurrentDirectory = _folder.FullName;
            LearnProcess(rows);
            LearnLife(units);
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }

        Assert.Equal(2, Directory.GetFiles(Path.Combine(_folder.FullName, "definitions")).Length);
        string source = Repository.Read("tests/TwinGrid.Tests/Models/ModelDocsTests.cs");
        foreach (Match block in Snippet().Matches(Page))
        {
            string[] lines = block.Groups["text"].Value.Trim().Split('\n');
            Assert.All(lines, line => Assert.Contains(line, source, StringComparison.Ordinal));
        }
    }

    /// <summary>All that a model says and then knows of a made-up signal, as bits.</summary>
    private static long[] Life(ModelDefinition definition, string options)
    {
        RunningModel model = RunningModel.Start(
            definition with { Options = JsonDocument.Parse($"{{ {options} }}").RootElement });
        Noise noise = new(1);
        List<double> numbers = [];
        for (int i = 0; i < 1500; i++)
        {
            double value = 60 + (0.01 * i) + noise.Gaussian();
            Prediction said = model.ReadBoth(60 * i, value, 0.01 * value);
            numbers.AddRange([said.Value, said.Lower, said.Upper, said.Expected, said.Threshold, said.Confidence]);
        }

        return [.. numbers.Concat(model.State).Select(BitConverter.DoubleToInt64Bits)];
    }

    private static void LearnProcess(double[][] rows)
    {
        ProcessMonitorParameters normal = ProcessMonitorTrainer.Train(["speed", "flow", "pressure", "valve"], rows);
        File.WriteAllText("definitions/pump.parameters.json", normal.ToJson());
    }

    private static void LearnLife(IReadOnlyList<LifeHistory> units)
    {
        LifeInputs columns = new(Settings: ["speed"], Sensors: ["temperature", "pressure"], Age: "cycle");
        RemainingLifeParameters fleet = RemainingLifeTrainer.Train(columns, units); // one LifeHistory per unit
        File.WriteAllText("definitions/engine.parameters.json", fleet.ToJson());
    }

    /// <summary>The kind file of a type's section, with learnt parameters beside it.</summary>
    private TwinDefinition Example(string type)
    {
        Match example = KindFile().Match(Section(type));
        Assert.True(example.Success, $"the page has no kind file for {type}");
        File.WriteAllText(Path.Combine(_folder.FullName, "pump.parameters.json"), ProcessPlant.Parameters.ToJson());
        File.WriteAllText(
            Path.Combine(_folder.FullName, "engine.parameters.json"), RemainingLifeFleet.Parameters.ToJson());
        File.WriteAllText(Path.Combine(_folder.FullName, "example.twin.json"), example.Groups["text"].Value);
        return Assert.Single(DefinitionLoader.LoadDirectory(_folder.FullName));
    }

    private static string Section(string type)
    {
        int start = Page.IndexOf($"\n## {type}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"the page has no section {type}");
        int end = Page.IndexOf("\n## ", start + 4, StringComparison.Ordinal);
        return end < 0 ? Page[start..] : Page[start..end];
    }

    [GeneratedRegex(@"^```json\n(?<text>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex KindFile();

    [GeneratedRegex(@"^```csharp\n(?<text>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Snippet();

    [GeneratedRegex(@"^\| `(?<name>\w+)` \| (?<default>[^|]+?) \|", RegexOptions.Multiline)]
    private static partial Regex Option();
}
