namespace TwinGrid.Dtdl.Parsing;

/// <summary>The objects of a kind file.</summary>
internal static class KindFileShapes
{
    /// <summary>The file itself.</summary>
    public static ObjectShape File { get; } = new(
        "a kind file",
        ["kind"],
        ["$schema", "version", "interface", "telemetry", "properties", "commands", "models", "policies", "ingest"]);

    /// <summary>An entry of <c>telemetry</c>.</summary>
    public static ObjectShape Telemetry { get; } = new(
        "a telemetry", [], ["type", "unit", "min", "max", "step", "expectEvery", "keep", "description"]);

    /// <summary>An entry of <c>properties</c>.</summary>
    public static ObjectShape Property { get; } = new("a property", [], ["type", "unit", "writable", "description"]);

    /// <summary>An entry of <c>commands</c>.</summary>
    public static ObjectShape Command { get; } = new("a command", [], ["expiresIn", "description"]);

    /// <summary>An item of <c>models</c>.</summary>
    public static ObjectShape Model { get; } = new("a model", ["name", "type"], ["inputs", "output", "options"]);

    /// <summary>An item of <c>policies</c>.</summary>
    public static ObjectShape Policy { get; } = new(
        "a policy",
        ["name"],
        ["type", "when", "for", "clear", "severity", "mode", "cooldown", "command", "verify", "options"]);

    /// <summary>The <c>command</c> of a policy.</summary>
    public static ObjectShape PolicyCommand { get; } = new("a policy's command", ["name"], ["args", "expiresIn"]);

    /// <summary>The <c>verify</c> of a policy.</summary>
    public static ObjectShape Verification { get; } = new("a verification", ["expect", "within"], []);

    /// <summary>An item of <c>ingest</c>.</summary>
    public static ObjectShape Ingest { get; } = new("an ingest mapping", ["topic"], ["payload"]);
}
