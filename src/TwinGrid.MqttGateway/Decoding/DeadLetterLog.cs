using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// Writes what could not be used to the store's dead letters, many in one append. Bounded: where the store is slow,
/// whoever waits for an acknowledgement waits longer, and what nobody waits for is only counted. Thread-safe.
/// </summary>
internal sealed partial class DeadLetterLog(ITwinStore store, ILogger<DeadLetterLog> logger)
{
    /// <summary>How much of a payload is kept.</summary>
    public const int MaxSample = 1_024;

    private const int Capacity = 4_096;
    private const int MaxBatch = 256;

    private static readonly Counter<long> Written = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.deadletters", "{letter}", "messages and readings that could not be used, by reason");

    private static readonly Counter<long> Lost = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.deadletters.lost", "{letter}", "dead letters that were only counted, by reason");

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

    /// <summary>Takes a letter that nobody waits for; counted only, where there are too many.</summary>
    public void Post(DeadLetter letter)
    {
        if (!_entries.Writer.TryWrite(new Entry(letter, null)))
        {
            CountUnwritten(letter.Reason, 1);
        }
    }

    /// <summary>Counts letters that are not written.</summary>
    public static void CountUnwritten(string reason, int count) =>
        Lost.Add(count, new KeyValuePair<string, object?>("reason", reason));

    /// <summary>Writes a letter; ends when it is durable.</summary>
    /// <returns>False when the store could not take it.</returns>
    public async ValueTask<bool> WriteAsync(DeadLetter letter)
    {
        TaskCompletionSource<bool> written = new(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await _entries.Writer.WriteAsync(new Entry(letter, written));
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
        while (await _entries.Reader.WaitToReadAsync())
        {
            while (batch.Count < MaxBatch && _entries.Reader.TryRead(out Entry entry))
            {
                batch.Add(entry);
            }

            bool isWritten = await AppendAsync(batch);
            foreach (Entry entry in batch)
            {
                (isWritten ? Written : Lost).Add(1, new KeyValuePair<string, object?>("reason", entry.Letter.Reason));
                entry.Written?.SetResult(isWritten);
            }

            batch.Clear();
        }
    }

    private async Task<bool> AppendAsync(List<Entry> batch)
    {
        try
        {
            await store.AppendDeadLettersAsync(batch.ConvertAll(entry => entry.Letter), CancellationToken.None);
            return true;
        }
        catch (Exception e)
        {
            LogNotWritten(e, batch.Count);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} dead letters could not be written")]
    private partial void LogNotWritten(Exception exception, int count);

    private readonly record struct Entry(DeadLetter Letter, TaskCompletionSource<bool>? Written);
}
