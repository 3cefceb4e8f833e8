namespace TwinGrid;

/// <summary>One of the inputs that made a prediction what it is: the reason as data.</summary>
/// <param name="Name">The input.</param>
/// <param name="Expected">What would have been usual, in the input's unit; NaN where the model does not say.</param>
/// <param name="Seen">What the model saw, in the input's unit, averaged as the model averages.</param>
/// <param name="Share">Its part of the whole reason, 0 to 1.</param>
public readonly record struct Contribution(string Name, double Expected, double Seen, double Share);
