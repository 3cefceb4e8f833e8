using TwinGrid.Dtdl;

namespace TwinGrid.Tests.Dtdl;

public sealed class DirectoryTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("definitions");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void A_directory_that_is_not_there_has_no_kinds() =>
        Assert.Empty(DefinitionLoader.LoadDirectory(Path.Combine(_directory.FullName, "none")));

    [Fact]
    public void Kinds_come_in_the_order_of_their_files_with_the_interfaces_beside_them()
    {
        Write("b.twin.json", """{ "kind": "b", "telemetry": {} }""");
        Write("Z.twin.json", """{ "kind": "z", "interface": "dtmi:a;1" }""");
        Write("a.json", """[ { "@context": "dtmi:dtdl:context;3", "@id": "dtmi:a;1", "@type": "Interface" } ]""");
        Write("twin.schema.json", DefinitionLoader.Schema);
        Write("notes.txt", "not a definition");
        Directory.CreateDirectory(Path.Combine(_directory.FullName, "below"));
        Write("below/c.twin.json", "not read");

        IReadOnlyList<TwinDefinition> kinds = DefinitionLoader.LoadDirectory(_directory.FullName);

        Assert.Equal([("z", "Z.twin.json"), ("b", "b.twin.json")], kinds.Select(static k => (k.Kind, k.Source)));
    }

    [Fact]
    public void The_problems_of_all_files_come_at_once()
    {
        Write("a.twin.json", """{ "kind": "a" }""");
        Write("b.twin.json", "oops");

        string[] lines = Assert.Throws<DefinitionException>(() => DefinitionLoader.LoadDirectory(_directory.FullName))
            .Message.Split('\n');

        Assert.StartsWith("a.twin.json: $ (line 1, column 1): a kind file needs", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("b.twin.json: line 1, column 1: this is not JSON", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Two_interfaces_of_one_id_are_refused_with_both_places()
    {
        const string Interface = """{ "@context": "dtmi:dtdl:context;3", "@id": "dtmi:a;1", "@type": "Interface" }""";
        Write("a.json", Interface);
        Write("b.json", Interface);
        DefinitionException e =
            Assert.Throws<DefinitionException>(() => DefinitionLoader.LoadDirectory(_directory.FullName));
        Assert.Equal(
            "b.json: $.@id (line 1, column 45): the id dtmi:a;1 is taken by a.json, line 1, column 1", e.Message);
    }

    [Fact]
    public void Two_kinds_cannot_take_the_same_topics()
    {
        Write("a.twin.json", """{ "kind": "a", "telemetry": {}, "ingest": [ { "topic": "s/{key}" } ] }""");
        Write("b.twin.json", """{ "kind": "b", "telemetry": {}, "ingest": [ { "topic": "s/{key}" } ] }""");
        DefinitionException e =
            Assert.Throws<DefinitionException>(() => DefinitionLoader.LoadDirectory(_directory.FullName));
        Assert.Contains("matches the same messages as a topic of a.twin.json", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_in_another_encoding_is_refused()
    {
        // {"ä"} in ISO 8859-1.
        File.WriteAllBytes(Path.Combine(_directory.FullName, "a.twin.json"), [0x7B, 0x22, 0xE4, 0x22, 0x7D]);
        DefinitionException e =
            Assert.Throws<DefinitionException>(() => DefinitionLoader.LoadDirectory(_directory.FullName));
        Assert.Equal("a.twin.json: $: the file is not UTF-8; save it as UTF-8", e.Message);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_directory.FullName, name), text);
}
