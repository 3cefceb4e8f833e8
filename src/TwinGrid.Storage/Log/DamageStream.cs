using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace TwinGrid.Storage.Log;

/// <summary>
/// Hands what a reading finds to whoever asked, one by one; the reading waits for those who are slow.
/// </summary>
internal static class DamageStream
{
    private const int MostWaiting = 256;

    /// <summary>Runs a reading on a thread of its own, which it may block.</summary>
    /// <param name="read">Calls the action with each damage.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async IAsyncEnumerable<StoreDamage> ReadAsync(
        Func<Action<StoreDamage>, CancellationToken, Task> read,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Channel<StoreDamage> found = Channel.CreateBounded<StoreDamage>(MostWaiting);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        CancellationToken stopping = stop.Token;
        Task reading = Task.Factory.StartNew(
            () => RunAsync(read, found.Writer, stopping),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default).Unwrap();
        try
        {
            await foreach (StoreDamage damage in found.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return damage;
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task RunAsync(
        Func<Action<StoreDamage>, CancellationToken, Task> read,
        ChannelWriter<StoreDamage> found,
        CancellationToken stopping)
    {
        try
        {
            await read(damage => found.WriteAsync(damage, stopping).AsTask().GetAwaiter().GetResult(), stopping)
                .ConfigureAwait(false);
            found.Complete();
        }
#pragma warning disable CA1031 // Whatever goes wrong belongs to the one who reads what was found.
        catch (Exception e)
#pragma warning restore CA1031
        {
            found.Complete(e);
        }
    }
}
