using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace TwinGrid.MqttGateway.Listening;

/// <summary>
/// The front door of twins: MQTT 3.1.1 and 5 on a Kestrel of its own, so that a host's own Kestrel stays untouched.
/// </summary>
internal sealed partial class MqttListener : IDisposable
{
    /// <summary>
    /// Bytes of one connection that the socket's side reads or writes ahead; small, because a connection that is held
    /// back, or reads nothing, holds them.
    /// </summary>
    public const int SocketBuffer = 4 * 1_024;

    /// <summary>
    /// How long connections may take to end at a stop: publishes under way are committed long before.
    /// </summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan SweepEvery = TimeSpan.FromMilliseconds(250);

    private readonly ConnectionParts _parts;
    private readonly MqttGatewayEndpoint _endpoint;
    private readonly MqttOptions _options;
    private readonly ILogger<MqttListener> _logger;
    private readonly ConnectionTable _connections;
    private readonly KestrelServer _kestrel;
    private readonly PeriodicTimer _sweep;
    private Task _sweeping = Task.CompletedTask;
    private ListenOptions? _listen;
    private volatile bool _isStopping;

    public MqttListener(
        ConnectionParts parts,
        MqttGatewayEndpoint endpoint,
        IOptions<MqttOptions> options,
        IServiceProvider services,
        ILoggerFactory loggers)
    {
        _parts = parts;
        _endpoint = endpoint;
        _options = options.Value;
        _logger = loggers.CreateLogger<MqttListener>();
        _connections = new ConnectionTable(parts.Limits.ConnectionsPerAddress);
        _sweep = new PeriodicTimer(SweepEvery, parts.Clock);
        SocketTransportOptions sockets = new() { MaxReadBufferSize = SocketBuffer, MaxWriteBufferSize = SocketBuffer };
        _kestrel = new KestrelServer(
            Options.Create(KestrelOptions(services)),
            new SocketTransportFactory(Options.Create(sockets), loggers),
            loggers);
    }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="TwinGridException">The address or port cannot be bound; the message names the key.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _kestrel.StartAsync(new NoHttp(), cancellationToken);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new TwinGridException(
                $"{MqttOptions.Section}:Port: port {_options.Port} of {_options.Address} is in use by another process; "
                + "choose another one, or 0 for any free port", e);
        }
        catch (SocketException e)
        {
            throw new TwinGridException(
                $"{MqttOptions.Section}:Address: {_options.Address}:{_options.Port} cannot be bound: {e.Message}", e);
        }

        _sweeping = Task.Run(SweepAsync, CancellationToken.None);
        _endpoint.Bound = _listen!.IPEndPoint;
        LogListening(_endpoint.Bound);
    }

    /// <summary>
    /// Stops gently: no new connections, no new publishes; those in flight are answered, then clients are told to go
    /// (MQTT 5 reason 0x8B) and their twins hear of it.
    /// </summary>
    /// <param name="cancellationToken">Ends the patience: what is left is cut.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _isStopping = true;
        foreach (MqttConnection connection in _connections.All)
        {
            connection.Stop();
        }

        // Kestrel waits for the connections that end by themselves, and cuts the others when the patience is over.
        using CancellationTokenSource patience = new(StopPatience, _parts.Clock);
        using CancellationTokenSource either =
            CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        await _kestrel.StopAsync(either.Token);
        if (either.IsCancellationRequested)
        {
            LogCut();
        }

        _sweep.Dispose();
        await _sweeping;
        await _parts.Farewells.StopAsync(cancellationToken);
        _endpoint.Bound = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sweep.Dispose();
        _kestrel.Dispose();
    }

    private KestrelServerOptions KestrelOptions(IServiceProvider services)
    {
        KestrelServerOptions options = new() { ApplicationServices = services };
        options.Listen(_options.IPAddress, Math.Max(0, _options.Port), listen =>
        {
            _listen = listen;
            listen.Run(ServeAsync);
        });
        return options;
    }

    private async Task ServeAsync(ConnectionContext context)
    {
        MqttConnection connection = new(context, _parts);
        if (!_connections.TryAdd(connection))
        {
            _parts.Log.TooMany(connection.Address);
            return;
        }

        try
        {
            if (_isStopping)
            {
                connection.Stop();
            }

            await connection.RunAsync();
        }
        finally
        {
            _connections.Remove(connection, connection.EndedBy);
        }
    }

    private async Task SweepAsync()
    {
        while (await _sweep.WaitForNextTickAsync())
        {
            try
            {
                foreach (MqttConnection connection in _connections.All)
                {
                    connection.Check();
                }

                _parts.LargePackets.FindSlowest()?.Cut();
                _parts.Sessions.Sweep();
            }
            catch (Exception e)
            {
                LogSweepFailed(e);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "MQTT listens on {EndPoint}")]
    private partial void LogListening(IPEndPoint? endPoint);

    [LoggerMessage(Level = LogLevel.Warning, Message = "MQTT connections were cut: the time to stop ran out")]
    private partial void LogCut();

    [LoggerMessage(Level = LogLevel.Error, Message = "deadlines of MQTT connections could not be looked at")]
    private partial void LogSweepFailed(Exception exception);

    /// <summary>
    /// Kestrel wants an application for HTTP; every connection here is taken before it would be asked.
    /// </summary>
    private sealed class NoHttp : IHttpApplication<IFeatureCollection>
    {
        public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

        public Task ProcessRequestAsync(IFeatureCollection context) =>
            throw new InvalidOperationException("this port speaks MQTT only");

        public void DisposeContext(IFeatureCollection context, Exception? exception)
        {
        }
    }
}
