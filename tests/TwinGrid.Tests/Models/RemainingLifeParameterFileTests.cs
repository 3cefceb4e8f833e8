using TwinGrid.Dtdl;

namespace TwinGrid.Tests.Models;

/// <summary>A kind file that names a file of learnt parameters beside it.</summary>
public sealed class RemainingLifeParameterFileTests : IDisposable
{
    private const string KindFile =
        """
        { "kind": "engine", "version": 1,
          "telemetry": { "cycle": {}, "speed": {}, "temperature": {}, "pressure": {},
                         "repaired": { "type": "boolean" } },
          "models": [ { "name": "life", "type": "RemainingLife",
                        "inputs": ["cycle", "speed", "temperature", "pressure", "repaired"],
                        "options": { "parameters": "FILE", "resetOn": "repaired" } } ] }
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("twingrid-life-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void The_file_is_written_into_the_definition()
    {
        Write("fleet.parameters.json", RemainingLifeFleet.Parameters.ToJson());
        ModelDefinition model = Load("fleet.parameters.json").Models[0];
        Assert.Equal(
            RemainingLifeFleet.Parameters.ToJson(), model.Options.GetProperty("parameters").GetRawText());
        Assert.Equal("repaired", model.Options.GetProperty("resetOn").GetString());
        Assert.Equal("no sensor was read yet", RunningModel.Start(model).Why);
    }

    [Theory]
    [InlineData("../fleet.parameters.json")]
    [InlineData("engine.twin.json")]
    public void A_file_that_is_not_beside_it_is_named(string file)
    {
        Write("fleet.parameters.json", "{}");
        var wrong = Assert.Throws<DefinitionException>(() => Load(file));
        Assert.Equal(
            $"engine.twin.json: $.models[0].options.parameters: '{file}' stands where a file NAME.parameters.json "
            + "beside the kind file was expected",
            wrong.Message);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named_with_where_it_was_looked_for()
    {
        var wrong = Assert.Throws<DefinitionException>(() => Load("other.parameters.json"));
        Assert.Equal(
            "engine.twin.json: $.models[0].options.parameters: 'other.parameters.json': "
            + $"there is no such file in {_folder.FullName}",
            wrong.Message);
    }

    [Fact]
    public void A_file_that_is_no_json_is_named()
    {
        Write("fleet.parameters.json", "{ \"version\": ");
        var wrong = Assert.Throws<DefinitionException>(() => Load("fleet.parameters.json"));
        Assert.Contains("fleet.parameters.json: this is no JSON", wrong.Message, StringComparison.Ordinal);
    }

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder.FullName, file), text);

    private TwinDefinition Load(string parameters)
    {
        Write("engine.twin.json", KindFile.Replace("FILE", parameters, StringComparison.Ordinal));
        return Assert.Single(DefinitionLoader.LoadDirectory(_folder.FullName));
    }
}
