using System.Diagnostics;

namespace TwinGrid.ClusterTests;

/// <summary>Waits for conditions with a deadline: a test never sleeps and hopes that it was enough.</summary>
internal static class Eventually
{
    /// <summary>Long enough for a machine under load; a test that passes waits a fraction of it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    /// <summary>Looks again and again until what it sees is good.</summary>
    /// <param name="what">What is waited for, for the message of the failure.</param>
    /// <param name="look">Looks once; may fail while the grid starts, which counts as not yet.</param>
    /// <param name="good">Whether that is it.</param>
    /// <param name="within">The deadline; default <see cref="Patience"/>.</param>
    public static async Task<T> SeeAsync<T>(
        string what, Func<Task<T>> look, Func<T, bool> good, TimeSpan? within = null)
    {
        TimeSpan patience = within ?? Patience;
        var watch = Stopwatch.StartNew();
        using var pause = new PeriodicTimer(BetweenLooks);
        object? last = null;
        do
        {
            try
            {
                T seen = await look();
                if (good(seen))
                {
                    return seen;
                }

                last = seen;
            }
            catch (HttpRequestException e)
            {
                last = e.Message;
            }

            await pause.WaitForNextTickAsync();
        }
        while (watch.Elapsed < patience);
        throw new TimeoutException($"Waited {patience.TotalSeconds:0} s for {what}; last seen: {last ?? "nothing"}");
    }

    /// <summary>Waits until a condition holds.</summary>
    public static Task HoldsAsync(string what, Func<bool> condition, TimeSpan? within = null) =>
        SeeAsync(what, () => Task.FromResult(condition()), static holds => holds, within);
}
