using Orleans;

namespace TwinGrid;

/// <summary>One of the inputs that made a prediction what it is: the reason as data.</summary>
/// <param name="Name">
/// The input, or after a dot what the model makes of it: <c>temperature.slope</c>; the model's page says which.
/// </param>
/// <param name="Expected">What would have been usual, in the input's unit; null where the model does not say.</param>
/// <param name="Seen">What the model saw, in the input's unit, averaged as the model averages.</param>
/// <param name="Share">
/// Its part of the whole reason, 0 to 1; 0 for all where the model names what it read and not what each was worth.
/// </param>
[GenerateSerializer, Immutable, Alias("TwinGrid.Contribution")]
public readonly record struct Contribution(
    [property: Id(0)] string Name,
    [property: Id(1)] double? Expected,
    [property: Id(2)] double? Seen,
    [property: Id(3)] double Share);
