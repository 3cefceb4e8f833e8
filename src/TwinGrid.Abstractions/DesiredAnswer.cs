using System.Text.Json.Serialization;

namespace TwinGrid;

/// <summary>How a write of desired properties ended.</summary>
public enum DesiredRefusal : byte
{
    /// <summary>It is done, or was done before, or changes nothing.</summary>
    None = 0,

    /// <summary>There is no such twin.</summary>
    UnknownTwin = 1,

    /// <summary>They are at another revision than the write asks for.</summary>
    Conflict = 2,

    /// <summary>The kind does not allow it; <see cref="DesiredAnswer.Errors"/> says what.</summary>
    Invalid = 3,

    /// <summary>The desired properties would become too large.</summary>
    TooLarge = 4,

    /// <summary>The store does not answer; try again.</summary>
    Unavailable = 5,
}

/// <summary>One thing that is wrong with a patch of properties.</summary>
/// <param name="Pointer">Where in the patch, as a JSON pointer (RFC 6901).</param>
/// <param name="Detail">What is there and what was expected.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.PropertyError")]
public sealed record PropertyError([property: Id(0)] string Pointer, [property: Id(1)] string Detail);

/// <summary>The answer to a write of desired properties.</summary>
/// <param name="Refusal">Why not, or <see cref="DesiredRefusal.None"/>.</param>
/// <param name="Desired">
/// The desired properties: as the write left them, or as they stood when it was refused; null for an unknown twin.
/// </param>
/// <param name="Errors">What is wrong with the patch; empty where nothing is.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.DesiredAnswer")]
public sealed record DesiredAnswer(
    [property: Id(0)] DesiredRefusal Refusal,
    [property: Id(1)] DesiredSnapshot? Desired,
    [property: Id(2)] IReadOnlyList<PropertyError> Errors);

/// <summary>What a twin's device reports of its properties.</summary>
/// <param name="Reported">The reported properties.</param>
/// <param name="AnsweredRevision">The newest desired revision that it says it answers, or null.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.ReportedSnapshot")]
public sealed record ReportedSnapshot(
    [property: Id(0)] RawJson Reported,
    [property: Id(1), JsonIgnore(Condition = JsonIgnoreCondition.Never)] long? AnsweredRevision);
