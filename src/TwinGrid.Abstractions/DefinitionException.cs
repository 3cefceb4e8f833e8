namespace TwinGrid;

/// <summary>A kind file or a DTDL document is wrong; the message names file, place and what was expected.</summary>
[GenerateSerializer, Alias("TwinGrid.DefinitionException")]
public sealed class DefinitionException : TwinGridException
{
    /// <summary>Makes an exception without a message.</summary>
    public DefinitionException()
    {
    }

    /// <summary>Makes an exception from a whole message.</summary>
    public DefinitionException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with its cause.</summary>
    public DefinitionException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes an exception that names file and place.</summary>
    /// <param name="source">The file, or a name for a definition made in code.</param>
    /// <param name="place">A JSON path such as <c>$.models[0].type</c>, or <c>line 3, column 14</c>.</param>
    /// <param name="problem">What is there and what was expected.</param>
    public DefinitionException(string source, string place, string problem)
        : base($"{source}: {place}: {problem}")
    {
    }
}
