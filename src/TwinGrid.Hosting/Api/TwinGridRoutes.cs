using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;

namespace TwinGrid.Hosting.Api;

/// <summary>The table of the API's routes.</summary>
internal static class TwinGridRoutes
{
    public const string Root = "/api/v1";

    /// <summary>The name under which the OpenAPI document knows these routes and no others.</summary>
    public const string Group = "TwinGrid";

    public static void Map(IEndpointRouteBuilder app)
    {
        RouteGroupBuilder api = app.MapGroup(Root).WithGroupName(Group).AddEndpointFilter<ApiGuard>()
            .AddEndpointFilterFactory(QueryGuard.Around);
        MapTwins(api);
        MapCommands(api);
        MapProperties(api);
        MapWatch(api);

        api.MapPost("/twins/{kind}/{key}/alarms/{name}/acknowledge", AlarmRoutes.AcknowledgeAsync)
            .WithSummary("Acknowledges an alarm")
            .TakesJson("{\"by\", \"note\"}")
            .Produces<AlarmSnapshot>()
            .ProducesProblems(400, 404, 422);
        Only(api, "/twins/{kind}/{key}/alarms/{name}/acknowledge", "POST");

        api.MapRead("/deadletters", DeadLetterRoutes.ListAsync)
            .WithSummary("Lists messages and readings that could not be used, newest first")
            .Produces<DeadLetterPage>()
            .ProducesProblems(400);
        Only(api, "/deadletters", "GET, HEAD");

        app.MapGroup("/api").AddEndpointFilter<ApiGuard>()
            .Map("/{**rest}", static () => Problem.NotFound(
                "unknown-route", "the API has no such path; see /openapi/v1.json"))
            .ExcludeFromDescription();
    }

    private static void MapTwins(RouteGroupBuilder api)
    {
        api.MapRead("/twins", TwinRoutes.ListAsync)
            .WithSummary("Lists twins in the order of their ids")
            .Produces<TwinPage>()
            .ProducesProblems(400);
        Only(api, "/twins", "GET, HEAD");

        api.MapRead("/twins/{kind}/{key}", TwinRoutes.GetAsync)
            .WithSummary("Reads a twin at its last committed revision, or as it was with ?asOf=revision or time")
            .Produces<TwinSnapshot>()
            .Produces(StatusCodes.Status304NotModified)
            .ProducesProblems(400, 404, 410);
        api.MapDelete("/twins/{kind}/{key}", TwinRoutes.DeleteAsync)
            .WithSummary("Deletes a twin; its history stays unless ?history=delete")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblems(400, 404);
        Only(api, "/twins/{kind}/{key}", "GET, HEAD, DELETE");

        api.MapRead("/twins/{kind}/{key}/history", HistoryRoutes.GetAsync)
            .WithSummary(
                "Reads the readings of a time, in pages with ?cursor=, or thinned out for a chart with ?maxPoints=")
            .Produces<HistoryPage>()
            .ProducesProblems(400, 404);
        Only(api, "/twins/{kind}/{key}/history", "GET, HEAD");

        api.MapPost("/twins/{kind}/{key}/telemetry", TelemetryRoutes.PostAllAsync)
            .WithSummary("Brings readings to a twin; answered when they are committed")
            .WithDescription(
                "Where only some can be used the answer is 204 and the header TwinGrid-Dropped names the others, each "
                + "with its reason (RFC 9651); where none can, it is 422 with each outcome.")
            .TakesJson("{name: value, …}, with ts, seq, epoch, source and historical as reserved names; or a batch")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblems(400, 404, 413, 422, 429);
        Only(api, "/twins/{kind}/{key}/telemetry", "POST");

        api.MapPost("/twins/{kind}/{key}/telemetry/{name}", TelemetryRoutes.PostOneAsync)
            .WithSummary("Brings one reading to a twin: a number, true, false or a text")
            .TakesJson("One value")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblems(400, 404, 413, 422, 429);
        Only(api, "/twins/{kind}/{key}/telemetry/{name}", "POST");
    }

    private static void MapWatch(RouteGroupBuilder api)
    {
        api.MapGet("/twins/{kind}/{key}/watch", WatchRoutes.WatchAsync)
            .WithSummary("Watches a twin: a snapshot, then each change as a merge patch, as server-sent events")
            .WithDescription(
                "Events: snapshot (the twin), change (a JSON merge patch, RFC 7396, from the revision before), gap "
                + "({\"from\",\"to\"}: revisions that are not told; a snapshot follows) and deleted. The id is the "
                + "revision; Last-Event-ID, or lastEventId in the query, goes on after it.")
            .Produces<string>(StatusCodes.Status200OK, WatchStream.ContentType)
            .ProducesProblems(400, 404, 429);
        Only(api, "/twins/{kind}/{key}/watch", "GET");
    }

    private static void MapCommands(RouteGroupBuilder api)
    {
        api.MapPost("/twins/{kind}/{key}/commands/{name}", CommandRoutes.SendAsync)
            .WithSummary("Queues a command; Idempotency-Key makes a repeat the same command")
            .TakesJson("The command's arguments")
            .Produces<CommandSnapshot>(StatusCodes.Status202Accepted)
            .ProducesProblems(400, 404, 413, 422, 429);
        api.MapRead("/twins/{kind}/{key}/commands/{id}", CommandRoutes.GetAsync)
            .WithSummary("Reads where a command stands")
            .Produces<CommandSnapshot>()
            .ProducesProblems(400, 404);
        Only(api, "/twins/{kind}/{key}/commands/{name}", "GET, HEAD, POST");

        api.MapPost("/twins/{kind}/{key}/commands/{id}/cancel", CommandRoutes.CancelAsync)
            .WithSummary("Calls a command back that its device does not have yet")
            .Produces<CommandSnapshot>()
            .ProducesProblems(400, 404, 409);
        Only(api, "/twins/{kind}/{key}/commands/{id}/cancel", "POST");
    }

    private static void MapProperties(RouteGroupBuilder api)
    {
        const string Desired = "/twins/{kind}/{key}/properties/desired";
        const string Reported = "/twins/{kind}/{key}/properties/reported";
        api.MapRead(Desired, PropertyRoutes.GetDesiredAsync)
            .WithSummary("Reads what a twin's device is asked to be; the ETag is the revision of these properties")
            .Produces<DesiredSnapshot>()
            .Produces(StatusCodes.Status304NotModified)
            .ProducesProblems(400, 404);
        api.MapPatch(Desired, PropertyRoutes.PatchDesiredAsync)
            .WithSummary("Changes what a twin's device is asked to be; If-Match takes the ETag of these properties")
            .TakesJson("A JSON merge patch (RFC 7396)", PropertyRoutes.MergePatch, "application/json")
            .Produces<DesiredSnapshot>()
            .ProducesProblems(400, 404, 412, 413, 415, 422);
        Only(api, Desired, "GET, HEAD, PATCH");

        api.MapRead(Reported, PropertyRoutes.GetReportedAsync)
            .WithSummary("Reads what a twin's device reports of itself")
            .Produces<ReportedSnapshot>()
            .Produces(StatusCodes.Status304NotModified)
            .ProducesProblems(400, 404);
        Only(api, Reported, "GET, HEAD");
    }

    /// <summary>
    /// A route that reads: HEAD answers as GET does, without the body, which the server leaves out (RFC 9110 section
    /// 9.3.2). A watch has none: its answer has no end.
    /// </summary>
    private static RouteHandlerBuilder MapRead(this RouteGroupBuilder api, string pattern, Delegate handler)
    {
        api.MapMethods(pattern, [HttpMethods.Head], handler).ExcludeFromDescription();
        return api.MapGet(pattern, handler);
    }

    private static void ProducesProblems(this RouteHandlerBuilder route, params int[] statuses)
    {
        foreach (int status in statuses)
        {
            route.ProducesProblem(status, Problem.ContentType);
        }

        route.ProducesProblem(StatusCodes.Status503ServiceUnavailable, Problem.ContentType);
    }

    /// <summary>
    /// Tells the OpenAPI document of the body. Not <c>Accepts</c>: it would refuse what <c>curl -d</c> calls a form.
    /// </summary>
    private static RouteHandlerBuilder TakesJson(
        this RouteHandlerBuilder route, string description, params string[] types) =>
        route.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Description = description,
                Content = (types.Length == 0 ? ["application/json"] : types).ToDictionary(
                    static type => type, static _ => new OpenApiMediaType()),
            };
            return Task.CompletedTask;
        });

    /// <summary>
    /// Answers any other method of a path. Routing prefers a route that names the method, so this one takes the rest.
    /// </summary>
    private static void Only(RouteGroupBuilder api, string pattern, string methods) =>
        api.Map(pattern, (HttpContext context) =>
        {
            context.Response.Headers.Allow = methods;
            return new Problem(
                StatusCodes.Status405MethodNotAllowed, "method-not-allowed", "Not with this method",
                $"this path takes {methods}");
        }).ExcludeFromDescription();
}
