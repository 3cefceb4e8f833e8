namespace TwinGrid;

/// <summary>A number that a model makes of its inputs: the telemetry <c>{model}.{feature}</c> of its twin.</summary>
/// <param name="Name">Its name: a letter, then letters, digits and underscores.</param>
/// <param name="InUnitOfWaveform">True when it is in the unit of the model's waveform; else it has none.</param>
public sealed record ModelFeature(string Name, bool InUnitOfWaveform = false);
