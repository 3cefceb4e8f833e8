namespace TwinGrid.FaultTests;

/// <summary>What was done shows nothing; the message says why.</summary>
internal sealed class NoResultException(string message) : Exception(message);
