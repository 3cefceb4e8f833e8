using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace TwinGrid.Hosting.Api;

/// <summary>The grid as a request sees it: ids that are judged first, calls that end in time. Thread-safe.</summary>
internal sealed class ApiCalls(
    IGrainFactory grains, IngestBudget budget, IOptionsMonitor<HttpOptions> options, TimeProvider clock)
{
    /// <summary>How long a read waits before it is made again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>The server's clock.</summary>
    public TimeProvider Clock => clock;

    /// <summary>All twins.</summary>
    public ITwinFleet Fleet => grains.GetGrain<ITwinFleet>(TwinId.DefaultTenant);

    /// <summary>What twins were.</summary>
    public ITwinHistory History => grains.GetGrain<ITwinHistory>(TwinId.DefaultTenant);

    /// <summary>The id in a path, or what is wrong with it.</summary>
    public static bool TryId(string kind, string key, out TwinId id, [NotNullWhen(false)] out Problem? problem)
    {
        bool right = TwinId.IsSegment(kind) && TwinId.IsSegment(key);
        id = right ? new TwinId(kind, key) : default;
        problem = right ? null : Problem.BadRequest("bad-id", $"that is not a twin's id: {TwinId.SegmentRule}");
        return right;
    }

    public static Problem UnknownTwin(TwinId id) =>
        Problem.NotFound("unknown-twin", $"there is no twin {id}; it begins with its first reading");

    public ITwin Twin(TwinId id) => grains.GetGrain<ITwin>(id.ToGrainKey());

    /// <summary>
    /// Makes a call that changes nothing, and makes it again when it ended with the silo that it had gone to: a silo
    /// that stops in order is nothing that a requester need know.
    /// </summary>
    /// <param name="call">Begins the call.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="TimeoutException">It took longer than <see cref="HttpOptions.Timeout"/> in all.</exception>
    public async Task<T> Read<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        TimeSpan most = options.CurrentValue.Timeout;
        long start = clock.GetTimestamp();
        TimeSpan Left() => TimeSpan.FromTicks(Math.Max(0, (most - clock.GetElapsedTime(start)).Ticks));
        while (true)
        {
            try
            {
                return await call().WaitAsync(Left(), clock, cancellationToken);
            }
            catch (Exception e) when (EndedWithItsSilo(e, cancellationToken) && Left() > Pause)
            {
                await Task.Delay(Pause, clock, cancellationToken);
            }
        }
    }

    /// <summary>
    /// Waits for a call that changes something; it counts in the process's budget until it has ended, also when its
    /// requester has gone.
    /// </summary>
    /// <param name="bytes">Bytes of its body.</param>
    /// <param name="call">Begins the call.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="TwinGridUnavailableException">The budget is used up.</exception>
    /// <exception cref="TimeoutException">It took longer than <see cref="HttpOptions.Timeout"/>.</exception>
    public Task<T> Change<T>(int bytes, Func<Task<T>> call, CancellationToken cancellationToken)
    {
        if (budget.IsFull)
        {
            throw new TwinGridUnavailableException(
                "as much waits for the store as TwinGrid:Limits:IngestBytes allows; send again");
        }

        budget.Take(bytes);
        return ReturnAfter(call(), bytes).WaitAsync(options.CurrentValue.Timeout, clock, cancellationToken);
    }

    // Nobody here cancelled it: a silo did, as when its stop ends the load of a twin.
    private static bool EndedWithItsSilo(Exception e, CancellationToken cancellationToken) =>
        e is OrleansException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private async Task<T> ReturnAfter<T>(Task<T> call, int bytes)
    {
        try
        {
            return await call;
        }
        finally
        {
            budget.Return(bytes);
        }
    }
}
