namespace TwinGrid.Dtdl.Parsing;

/// <summary>A part of a definition and where it stands in its file.</summary>
internal readonly record struct Located<T>(T Value, JsonValue At);

/// <summary>
/// A kind file as it is written, before its interface is written in. A part that could not be read is not among its
/// lists; that was reported.
/// </summary>
internal sealed record KindFile
{
    /// <summary>The whole file.</summary>
    public required JsonValue Root { get; init; }

    /// <summary>The kind.</summary>
    public string Kind { get; init; } = "";

    /// <summary>The version that its author gave it.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The DTMI of its interface, or null.</summary>
    public string? Interface { get; init; }

    /// <summary>The entries of <c>telemetry</c>.</summary>
    public IReadOnlyList<Located<TelemetryDefinition>> Telemetry { get; init; } = [];

    /// <summary>The entries of <c>properties</c>.</summary>
    public IReadOnlyList<Located<PropertyDefinition>> Properties { get; init; } = [];

    /// <summary>The entries of <c>commands</c>.</summary>
    public IReadOnlyList<Located<CommandDefinition>> Commands { get; init; } = [];

    /// <summary>The items of <c>models</c>.</summary>
    public IReadOnlyList<Located<ModelDefinition>> Models { get; init; } = [];

    /// <summary>The items of <c>policies</c>.</summary>
    public IReadOnlyList<Located<PolicyDefinition>> Policies { get; init; } = [];

    /// <summary>The items of <c>ingest</c>.</summary>
    public IReadOnlyList<Located<IngestMapping>> Ingest { get; init; } = [];
}
