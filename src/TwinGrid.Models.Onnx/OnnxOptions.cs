using System.Text.Json;
using System.Text.Json.Serialization;

namespace TwinGrid.Models.Onnx;

/// <summary>The options of an <c>Onnx</c> model in a kind file, read strictly. Not changed once read.</summary>
internal sealed class OnnxOptions
{
    /// <summary>A twin's row has at most so many numbers: 4,096 doubles are 32 KiB of every twin's state.</summary>
    private const int MostNumbers = 4096;

    /// <summary>The model's file, within the definitions directory. Required.</summary>
    public string Path { get; set; } = "";

    /// <summary>How many of the newest messages make one row, oldest first; default 1, at most 1,024.</summary>
    public int Window { get; set; } = 1;

    /// <summary>What an input is multiplied by, by its name; default 1.</summary>
    public Dictionary<string, double> Scale { get; set; } = [];

    /// <summary>What is added then, by its name; default 0.</summary>
    public Dictionary<string, double> Offset { get; set; } = [];

    /// <summary>
    /// Where the graph has an input for each telemetry: the graph's name of it, by the telemetry's; default the same.
    /// </summary>
    public Dictionary<string, string> Tensors { get; set; } = [];

    /// <summary>
    /// Which output is which field of the prediction (<c>value</c>, <c>lower</c>, <c>upper</c>, <c>expected</c>):
    /// <c>name</c>, or <c>name[2]</c> for its third column. Default: <c>value</c> is the first column of the first.
    /// </summary>
    public Dictionary<string, string> Outputs { get; set; } = [];

    /// <summary>The unit of the value; default that of the model's output telemetry, else none.</summary>
    public string? Unit { get; set; }

    /// <summary>The nominal coverage of [lower, upper], 0 to 1; default none.</summary>
    public double? Confidence { get; set; }

    /// <summary>The bound that the value is judged by; default none.</summary>
    public double? Threshold { get; set; }

    /// <summary>How far ahead it speaks, a duration; default <c>0s</c>.</summary>
    public string Horizon { get; set; } = "0s";

    /// <summary>The version of the model; raise it with the file. Default 1.</summary>
    public int Version { get; set; } = 1;

    /// <summary>
    /// The most rows of one run, 1 to 65,536, and as many as <see cref="OnnxLimits.RunNumbers"/> lets; default 256.
    /// </summary>
    public int Batch { get; set; } = 256;

    /// <summary>How many threads one run may use, 1 to 64; default 1, because twins' turns need them too.</summary>
    public int Threads { get; set; } = 1;

    /// <summary>Reads and judges the options of a definition.</summary>
    /// <exception cref="DefinitionException">One is unknown or wrong.</exception>
    public static OnnxOptions Read(ModelDefinition definition)
    {
        OnnxOptions options;
        try
        {
            options = definition.Options.ValueKind == JsonValueKind.Undefined
                ? new OnnxOptions()
                : definition.Options.Deserialize(OnnxJson.Default.OnnxOptions)!;
        }
        catch (JsonException e)
        {
            throw new DefinitionException(Named(definition), $"options{e.Path?.TrimStart('$')}", e.Message);
        }

        options.Judge(definition);
        return options;
    }

    /// <summary>How messages name the model.</summary>
    public static string Named(ModelDefinition definition) => $"model '{definition.Name}'";

    private void Judge(ModelDefinition definition)
    {
        string[] parts = Path.Split('/', '\\');
        Expect(Path.Length > 0, "path", "expected the name of an .onnx file in the definitions directory");
        Expect(
            !System.IO.Path.IsPathRooted(Path) && !parts.Contains(".."),
            "path",
            $"'{Path}' lies outside the definitions directory");
        ExpectRange(Window, 1, 1024, "window");
        ExpectRange(Batch, 1, 65_536, "batch");
        ExpectRange(Threads, 1, 64, "threads");
        ExpectRange(Version, 1, int.MaxValue, "version");
        int inputs = definition.Inputs.Count;
        Expect(inputs > 0, "inputs", "Onnx reads at least one telemetry");
        Expect(
            inputs * Window <= MostNumbers,
            "window",
            $"{Window} messages of {inputs} inputs are more than the {MostNumbers} numbers of a row");
        Expect(Confidence is null or (> 0 and < 1), "confidence", "expected a number between 0 and 1");
        Expect(Duration.TryParse(Horizon, null, out _), "horizon", $"'{Horizon}' is no duration such as \"1h\"");
        foreach ((string option, IEnumerable<string> names) in new (string, IEnumerable<string>)[]
            { ("scale", Scale.Keys), ("offset", Offset.Keys), ("tensors", Tensors.Keys) })
        {
            string? stranger = names.FirstOrDefault(name => !definition.Inputs.Contains(name));
            Expect(
                stranger is null,
                option,
                $"'{stranger}' is none of the inputs {string.Join(", ", definition.Inputs)}");
        }

        void Expect(bool holds, string option, string problem)
        {
            if (!holds)
            {
                throw new DefinitionException(
                    Named(definition), option == "inputs" ? option : $"options.{option}", problem);
            }
        }

        void ExpectRange(int value, int least, int most, string option) =>
            Expect(value >= least && value <= most, option, $"expected {least} to {most}, found {value}");
    }
}

/// <summary>How options are read: no member that is not known.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(OnnxOptions))]
internal sealed partial class OnnxJson : JsonSerializerContext;
