using System.Text.Json;
using TwinGrid.Dtdl;
using TwinGrid.Dtdl.Validation;

namespace TwinGrid.Tests.Dtdl;

/// <summary>The published suite of DTDL's parser, for the versions that are read: 2 and 3.</summary>
public class ConformanceTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("*V2.json", 30)]
    [InlineData("*V3.json", 25)]
    public void The_examples_of_the_language_reference_are_taken_and_refused_as_it_says(string pattern, int atLeast)
    {
        List<string> wrong = [];
        int judged = 0;
        foreach (ConformanceCase example in ConformanceCase.Read("doc-examples", pattern))
        {
            (bool taken, string says) = example.Load();
            if (example.NeedsMoreThanIsRead)
            {
                Assert.Contains("supported", says, StringComparison.Ordinal);
                continue;
            }

            judged++;
            if (taken != example.Valid)
            {
                wrong.Add($"{example.Name}: valid is {example.Valid}; {says}");
            }
        }

        output.WriteLine($"{judged} examples judged");
        Assert.Empty(wrong);
        Assert.InRange(judged, atLeast, int.MaxValue);
    }

    [Theory]
    [InlineData("*V2.json", 4600)]
    [InlineData("*V3.json", 5000)]
    public void Every_clause_of_the_specification_is_kept(string pattern, int atLeast)
    {
        List<string> wrong = [];
        int judged = 0;
        foreach (ConformanceCase clause in ConformanceCase.Read("specification", pattern))
        {
            // With undefined extensions allowed a parser may take more than this one does, which knows what it refuses.
            if (clause.NeedsMoreThanIsRead || (clause.AllowsUndefined && clause.Valid))
            {
                continue;
            }

            judged++;
            (bool taken, string says) = clause.Load();
            if (taken != clause.Valid)
            {
                wrong.Add($"{clause.Name}: valid is {clause.Valid}; {says}");
            }
            else if (clause.Unresolved.FirstOrDefault(id => !says.Contains(id, StringComparison.Ordinal)) is { } id)
            {
                wrong.Add($"{clause.Name}: {id} is not named by: {says}");
            }
        }

        output.WriteLine($"{judged} cases judged");
        Assert.Empty(wrong);
        Assert.InRange(judged, atLeast, int.MaxValue);
    }

    [Fact]
    public void Identifiers_are_judged_as_the_suite_says()
    {
        Assert.SkipWhen(ConformanceCase.Folder is null, "shared/data/dtdl is not beside this checkout");
        foreach (string path in Directory.EnumerateFiles(Path.Combine(ConformanceCase.Folder!, "dtmis")))
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
            string id = document.RootElement.GetProperty("idText").GetString()!;
            bool valid = document.RootElement.GetProperty("valid").GetBoolean();

            // Fragments name parts of generated models; no document may have one.
            Assert.Equal(valid && !id.Contains('#', StringComparison.Ordinal), Dtmi.IsValid(id));
        }
    }

    [Fact]
    public void The_RealEstateCore_ontology_is_taken_whole()
    {
        Assert.SkipWhen(ConformanceCase.Folder is null, "shared/data/dtdl is not beside this checkout");
        string ontology = Path.Combine(ConformanceCase.Folder!, "..", "ontologies", "rec", "DTDLv2");
        DefinitionText[] texts =
        [
            .. Directory.EnumerateFiles(ontology, "*.json", SearchOption.AllDirectories).Order()
                .Select(static path => new DefinitionText(Path.GetFileName(path), File.ReadAllText(path))),
        ];

        TwinDefinition kind = DefinitionLoader.Parse(
            """{ "kind": "security", "interface": "dtmi:org:w3id:rec:NetworkSecurityEquipment;1" }""", "k", texts);

        // 1,364 interfaces, says its description; this one has its properties from what it extends.
        Assert.Equal(1364, texts.Length);
        Assert.Contains(kind.Properties, static property => property.Name == "serialNumber");
    }
}
