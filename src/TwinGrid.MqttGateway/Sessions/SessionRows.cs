using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// Brings changes of sessions to the store, many in one transaction, in their order. Bounded: where the store is slow,
/// whoever waits for a change waits longer. Thread-safe.
/// </summary>
internal sealed partial class SessionRows(ITwinStore store, TimeProvider clock, ILogger<SessionRows> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private const int Capacity = 65_536;
    private const int MaxBatch = 1_024;

    private readonly Channel<Entry> _entries = Channel.CreateBounded<Entry>(
        new BoundedChannelOptions(Capacity) { SingleReader = true });

    private Task _writing = Task.CompletedTask;

    /// <summary>Begins to write.</summary>
    public void Start() => _writing = Task.Run(WriteAllAsync);

    /// <summary>Writes what is there, then stops.</summary>
    public async Task StopAsync()
    {
        _entries.Writer.TryComplete();
        await _writing;
    }

    /// <summary>Writes a change that nobody waits for; after a crash the session is as it was before.</summary>
    public void Post(SessionChange change)
    {
        if (!_entries.Writer.TryWrite(new Entry(change, null)))
        {
            LogLost(change.Client);
        }
    }

    /// <summary>Writes a change; ends when it is durable.</summary>
    /// <returns>False when the store could not take it.</returns>
    public async Task<bool> WriteAsync(SessionChange change)
    {
        TaskCompletionSource<bool> written = new(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await _entries.Writer.WriteAsync(new Entry(change, written));
        }
        catch (ChannelClosedException)
        {
            return false;
        }

        return await written.Task;
    }

    private async Task WriteAllAsync()
    {
        List<Entry> batch = new(MaxBatch);
        while (batch.Count > 0 || await _entries.Reader.WaitToReadAsync())
        {
            while (batch.Count < MaxBatch && _entries.Reader.TryRead(out Entry entry))
            {
                batch.Add(entry);
            }

            bool isWritten = await SaveAsync(batch);
            foreach (Entry entry in batch)
            {
                entry.Written?.SetResult(isWritten);
            }

            // What somebody waited for is theirs to try again; what nobody did is tried until it is written.
            batch.RemoveAll(entry => isWritten || entry.Written is not null || _entries.Reader.Completion.IsCompleted);
            if (batch.Count > 0)
            {
                await Task.WhenAny(Task.Delay(Pause, clock), _entries.Reader.Completion);
            }
        }
    }

    private async Task<bool> SaveAsync(List<Entry> batch)
    {
        try
        {
            await store.SaveSessionsAsync(batch.ConvertAll(entry => entry.Change), CancellationToken.None);
            return true;
        }
        catch (Exception e)
        {
            LogNotWritten(e, batch.Count);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "the store is behind: a change of the session of '{Client}' is not kept")]
    private partial void LogLost(string client);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} changes of sessions could not be written")]
    private partial void LogNotWritten(Exception exception, int count);

    private readonly record struct Entry(SessionChange Change, TaskCompletionSource<bool>? Written);
}
