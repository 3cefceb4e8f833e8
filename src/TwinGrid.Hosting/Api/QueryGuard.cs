using System.Reflection;
using Microsoft.AspNetCore.Http;

namespace TwinGrid.Hosting.Api;

/// <summary>
/// Refuses a query with a name that its route does not know: a misspelt <c>limit</c> would be answered as if it had not
/// been said.
/// </summary>
internal static class QueryGuard
{
    /// <summary>
    /// Stands in front of a route's handler. It knows what the handler takes as texts and the path does not name.
    /// </summary>
    public static EndpointFilterDelegate Around(EndpointFilterFactoryContext route, EndpointFilterDelegate next)
    {
        ParameterInfo[] texts = [.. route.MethodInfo.GetParameters()
            .Where(static parameter => parameter.ParameterType == typeof(string))];
        return texts.Length == 0 ? next : invocation => Judge(invocation, texts, next);
    }

    private static ValueTask<object?> Judge(
        EndpointFilterInvocationContext invocation, ParameterInfo[] texts, EndpointFilterDelegate next)
    {
        HttpRequest request = invocation.HttpContext.Request;
        string? strange = request.Query.Keys.FirstOrDefault(name => !Array.Exists(texts, text =>
            string.Equals(text.Name, name, StringComparison.OrdinalIgnoreCase)
            && !request.RouteValues.ContainsKey(text.Name!)));
        return strange is null ? next(invocation) : ValueTask.FromResult<object?>(Refuse(strange, texts, request));
    }

    private static Problem Refuse(string strange, ParameterInfo[] texts, HttpRequest request)
    {
        string[] known = [.. texts
            .Select(static text => text.Name!)
            .Where(name => !request.RouteValues.ContainsKey(name))];
        string takes = known.Length == 0 ? "this path takes none" : $"this path takes {string.Join(", ", known)}";
        return Problem.BadRequest("unknown-parameter", $"the query parameter {strange} is not known: {takes}");
    }
}
