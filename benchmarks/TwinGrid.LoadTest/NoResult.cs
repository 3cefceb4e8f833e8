namespace TwinGrid.LoadTest;

/// <summary>A result that must not be published; the message says why.</summary>
internal sealed class NoResult(string message) : Exception(message);
