using System.Globalization;
using Microsoft.Extensions.Logging;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// The beginning and the end of what connections prove: when one has ended, every twin that it fed hears that its
/// device is gone. Thread-safe.
/// </summary>
internal sealed partial class Farewells : IDisposable
{
    private const int AtOnce = 32;

    private readonly ITwinIngest _ingest;
    private readonly TimeProvider _clock;
    private readonly ILogger<Farewells> _logger;
    private readonly string _incarnation;
    private readonly Drain _saying = new();
    private readonly CancellationTokenSource _cut = new();
    private long _presences;

    public Farewells(ITwinIngest ingest, TimeProvider clock, ILogger<Farewells> logger)
    {
        _ingest = ingest;
        _clock = clock;
        _logger = logger;
        _incarnation = Guid.CreateVersion7(clock.GetUtcNow()).ToString("N", CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Begins the presence of a connection. Its id holds this process's incarnation and a number, so that it is never
    /// used again and the late end of a connection that was taken over cannot speak for the one that followed.
    /// </summary>
    public DevicePresence Begin()
    {
        long number = Interlocked.Increment(ref _presences);
        return new DevicePresence(string.Create(CultureInfo.InvariantCulture, $"{_incarnation}-{number}"));
    }

    /// <summary>
    /// Says to every twin that an ended connection fed that its device is gone: once what it still feeds is answered,
    /// and beside the connection's own end. Saying it again says nothing.
    /// </summary>
    public void Say(DevicePresence presence)
    {
        if (_saying.TryEnter())
        {
            _ = SayAsync(presence);
        }
    }

    /// <summary>Ends when all twins of ended connections have heard of it.</summary>
    /// <param name="cancellationToken">Ends the patience.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration cut = cancellationToken.Register(_cut.Cancel);
        await _saying.CloseAsync();
    }

    /// <inheritdoc/>
    public void Dispose() => _cut.Dispose();

    private async Task SayAsync(DevicePresence presence)
    {
        int count = 0;
        try
        {
            TwinId[] fed = await presence.TakeFedAsync().WaitAsync(_cut.Token);
            count = fed.Length;
            byte[] gone = PackedInputs.Pack(
                InputKind.Presence,
                UnixMicroseconds.Now(_clock),
                new PresenceInput(false, presence.Id),
                TwinGridJson.Default.PresenceInput);
            ParallelOptions options = new() { MaxDegreeOfParallelism = AtOnce, CancellationToken = _cut.Token };
            await Parallel.ForEachAsync(fed, options, async (twin, stop) => await SayAsync(twin, gone, stop));
        }
        catch (OperationCanceledException)
        {
            LogCut(presence.Id, count);
        }
        finally
        {
            _saying.Exit();
        }
    }

    private async Task SayAsync(TwinId twin, byte[] gone, CancellationToken cancellationToken)
    {
        try
        {
            IngestResult result = await _ingest.IngestAsync(twin, gone, cancellationToken);
            if (result.Status != IngestStatus.Accepted)
            {
                LogNotTold(twin, result.Status);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFailed(e, twin);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "stopped before all twins of connection {Presence} ({Count} known) heard that it is gone")]
    private partial void LogCut(string presence, int count);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Twin} did not hear that its device is gone: {Status}")]
    private partial void LogNotTold(TwinId twin, IngestStatus status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Twin} could not be told that its device is gone")]
    private partial void LogFailed(Exception exception, TwinId twin);
}
