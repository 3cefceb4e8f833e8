using System.Data.Common;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace TwinGrid.Hosting.Startup;

/// <summary>Says in a line each what kept a grid from starting, where a person can do something about it.</summary>
internal static class StartFailure
{
    /// <summary>The lines; empty for a mistake of ours, which keeps its stack trace.</summary>
    public static IReadOnlyList<string> Explain(Exception failure) => failure switch
    {
        OptionsValidationException wrong => [.. wrong.Failures],
        AggregateException several => [.. several.Flatten().InnerExceptions.SelectMany(Explain)],
        TwinGridException known => [known.Message],
        DbException store => [$"TwinGrid:DataDirectory: the store cannot be opened: {store.Message}"],
        UnauthorizedAccessException denied => [$"TwinGrid:DataDirectory: {denied.Message}"],
        IOException or SocketException => [failure.Message],
        { InnerException: { } inner } => Explain(inner),
        _ => [],
    };
}
