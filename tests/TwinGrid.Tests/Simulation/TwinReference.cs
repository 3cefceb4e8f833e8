namespace TwinGrid.Tests.Simulation;

/// <summary>
/// What a silo's grain factory gives for a twin. A proxy, for Orleans takes every class that implements a grain's
/// interface for a grain.
/// </summary>
internal static class TwinReference
{
    private static readonly TimeSpan s_usual = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_apply = TimeSpan.FromSeconds(10);

    public static ITwin Of(SimulatedSilo silo, TwinId twin)
    {
        return Stub.Of<ITwin>((method, given) => method.Name switch
        {
            nameof(ITwin.GetAsync) => Call(t => t.GetAsync()),
            nameof(ITwin.SummarizeAsync) => Call(t => t.SummarizeAsync()),
            nameof(ITwin.ApplyAsync) => silo.CallAsync(twin, t => t.ApplyAsync((byte[])given[0]!), s_apply),
            nameof(ITwin.SendAsync) => Call(t => t.SendAsync(
                (string)given[0]!, (string)given[1]!, (RawJson)given[2]!, (TimeSpan?)given[3], (string?)given[4])),
            nameof(ITwin.DeleteAsync) => Call(t => t.DeleteAsync((bool)given[0]!)),
            nameof(ITwin.RedeliverAsync) => Call(t => Done(t.RedeliverAsync((string)given[0]!))),
            _ => throw new NotSupportedException(method.Name),
        });

        Task<T> Call<T>(Func<ITwin, Task<T>> call) => silo.CallAsync(twin, call, s_usual);
    }

    private static async Task<bool> Done(Task call)
    {
        await call;
        return true;
    }
}
