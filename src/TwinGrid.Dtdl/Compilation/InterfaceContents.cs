namespace TwinGrid.Dtdl.Compilation;

/// <summary>What an interface gives to a kind, with what it extends and its components written in.</summary>
internal sealed record InterfaceContents
{
    /// <summary>Nothing: a kind without an interface.</summary>
    public static InterfaceContents None { get; } = new();

    /// <summary>Its telemetry; components and fields are joined by dots.</summary>
    public IReadOnlyList<TelemetryDefinition> Telemetry { get; init; } = [];

    /// <summary>Its properties; components are joined by dots.</summary>
    public IReadOnlyList<PropertyDefinition> Properties { get; init; } = [];

    /// <summary>Its commands; components are joined by dots.</summary>
    public IReadOnlyList<CommandDefinition> Commands { get; init; } = [];

    /// <summary>The names of its relationships, which definitions do not carry yet.</summary>
    public IReadOnlyList<string> Relationships { get; init; } = [];
}
