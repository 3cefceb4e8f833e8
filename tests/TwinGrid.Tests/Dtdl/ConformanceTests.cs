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
}
