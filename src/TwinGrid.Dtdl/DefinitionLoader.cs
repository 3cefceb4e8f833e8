using System.Text;
using System.Text.Json;
using TwinGrid.Dtdl.Compilation;
using TwinGrid.Dtdl.Parsing;

namespace TwinGrid.Dtdl;

/// <summary>
/// Reads kind files (<c>*.twin.json</c>) and DTDL interfaces (<c>*.json</c>, versions 2 and 3) into definitions of
/// twins. Pure but for reading the directory; thread-safe.
/// </summary>
/// <remarks>
/// Whatever is wrong is a <see cref="DefinitionException"/> with one line for each problem:
/// <c>turbine.twin.json: $.policies[0].when (line 9, column 14): …</c>. See the project's README for the format.
/// </remarks>
public static class DefinitionLoader
{
    private const string KindSuffix = ".twin.json";
    private const string SchemaSuffix = ".schema.json";
    private const string SchemaResource = "twin.schema.json";

    /// <summary>The JSON Schema (draft 2020-12) of a kind file, as the package ships it.</summary>
    public static string Schema
    {
        get
        {
            using Stream stream = typeof(DefinitionLoader).Assembly.GetManifestResourceStream(SchemaResource)!;
            using StreamReader reader = new(stream, Encoding.UTF8);
            return reader.ReadToEnd();
        }
    }

    /// <summary>
    /// Reads every kind file of a directory, not of those below it, in ordinal order of the file names, with every
    /// DTDL document beside them. Files that end in <c>.schema.json</c> are left to editors; those that end in
    /// <c>.parameters.json</c> are written into the models that name them.
    /// </summary>
    /// <param name="directory">The directory; one that does not exist has no kinds.</param>
    /// <returns>One complete definition for each kind file.</returns>
    /// <exception cref="DefinitionException">A file is wrong or cannot be read; the message says all of it.</exception>
    public static IReadOnlyList<TwinDefinition> LoadDirectory(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (!Directory.Exists(directory))
        {
            return [];
        }

        DefinitionCompiler compiler = new();
        List<string> kindFiles = [];
        foreach (string path in Directory.EnumerateFiles(directory, "*.json").Order(StringComparer.Ordinal))
        {
            if (path.EndsWith(KindSuffix, StringComparison.OrdinalIgnoreCase))
            {
                kindFiles.Add(path);
            }
            else if (!path.EndsWith(SchemaSuffix, StringComparison.OrdinalIgnoreCase)
                && !path.EndsWith(ParameterFiles.Suffix, StringComparison.OrdinalIgnoreCase))
            {
                compiler.AddInterfaces(ReadFile(path), Path.GetFileName(path));
            }
        }

        compiler.CheckInterfaces();
        foreach (string path in kindFiles)
        {
            compiler.AddKind(ReadFile(path), Path.GetFileName(path));
        }

        ParameterFiles parameters = new(directory, ReadFile);
        return [.. compiler.Finish().Select(parameters.WriteInto)];
    }

    /// <summary>Reads one kind file from text.</summary>
    /// <param name="kindFile">The text of the kind file.</param>
    /// <param name="source">Its name in messages.</param>
    /// <param name="interfaces">The DTDL documents that it may refer to.</param>
    /// <exception cref="DefinitionException">The file or a document is wrong.</exception>
    public static TwinDefinition Parse(string kindFile, string source, params IEnumerable<DefinitionText> interfaces)
    {
        ArgumentNullException.ThrowIfNull(kindFile);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(interfaces);
        DefinitionCompiler compiler = new();
        foreach (DefinitionText text in interfaces)
        {
            compiler.AddInterfaces(Encoding.UTF8.GetBytes(text.Text), text.Source);
        }

        compiler.CheckInterfaces();
        compiler.AddKind(Encoding.UTF8.GetBytes(kindFile), source);
        return compiler.Finish()[0];
    }

    /// <summary>
    /// Writes a definition as one line of JSON: everything written in, members in a fixed order, so that the same
    /// content is the same text. The places of expressions and <see cref="TwinDefinition.Source"/> are not in it.
    /// </summary>
    public static string ToJson(TwinDefinition definition) =>
        JsonSerializer.Serialize(definition, TwinGridJson.Default.TwinDefinition);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <exception cref="DefinitionException">The text is no definition.</exception>
    public static TwinDefinition FromJson(string json, string source)
    {
        try
        {
            TwinDefinition? definition = JsonSerializer.Deserialize(json, TwinGridJson.Default.TwinDefinition);
            return definition is null
                ? throw new DefinitionException(source, "$", "null stands where a definition was expected")
                : definition with { Source = source };
        }
        catch (JsonException e)
        {
            throw new DefinitionException($"{source}: {e.Path ?? "$"}: this is no definition: {e.Message}", e);
        }
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            long length = new FileInfo(path).Length;
            return length <= JsonTreeReader.MaxBytes
                ? File.ReadAllBytes(path)
                : throw new DefinitionException(
                    Path.GetFileName(path),
                    "$",
                    $"the file has {length} bytes; a definition file has at most {JsonTreeReader.MaxBytes}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DefinitionException($"{Path.GetFileName(path)}: the file cannot be read: {e.Message}", e);
        }
    }
}
