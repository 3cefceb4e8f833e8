using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Packets;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Listening;

/// <summary>
/// One MQTT connection from its first byte to its end. It reads all packets of a socket read in one pass, many
/// publishes are under way at once, and each is acknowledged as its commit ends.
/// </summary>
/// <remarks>
/// Backpressure: with <c>Limits:InFlightPerConnection</c> publishes under way an MQTT 3.1.1 socket is not read, and its
/// keep-alive clock stands still; an MQTT 5 client is held by Receive Maximum while its PINGREQ is answered.
/// </remarks>
internal sealed partial class MqttConnection : PublishSource
{
    /// <summary>How long a client may take for its CONNECT.</summary>
    private static readonly TimeSpan ConnectDeadline = TimeSpan.FromSeconds(10);

    /// <summary>How long a client's last words are waited for, and it for ours, before the socket closes.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    /// <summary>How long a client that exceeds Receive Maximum is held back before it is disconnected.</summary>
    private static readonly TimeSpan ReceiveMaximumGrace = TimeSpan.FromSeconds(5);

    /// <summary>How long a client may take none of what it is sent.</summary>
    private static readonly TimeSpan StalledLimit = TimeSpan.FromSeconds(30);

    private readonly ConnectionContext _context;
    private readonly ConnectionParts _parts;
    private readonly ConnectionOutput _output;
    private readonly InFlight _inFlight;
    private readonly Link _link;
    private readonly long _openedAt;
    private MqttSession? _session;
    private DevicePresence? _presence;
    private ConnectPacket? _connect;
    private readonly ConnectionWatch _watch;
    private Ending? _ending;
    private object? _deferred;
    private TopicSlot?[]? _aliases;
    private TopicSlot? _lastSlot;
    private uint? _expiry;
    private LargePacket? _largePacket;
    private Action? _cutSlow;
    private int _wanted;
    private bool _isRefused;
    private bool _isNormalEnd;
    private volatile bool _isStopping;

    /// <summary>Makes a connection of a socket.</summary>
    public MqttConnection(ConnectionContext context, ConnectionParts parts)
    {
        _context = context;
        _parts = parts;
        _output = new ConnectionOutput(context.Transport.Output, parts.Clock);
        _inFlight = new InFlight(parts.Limits.InFlightPerConnection, parts.Budget, parts.Clock);
        _link = new Link(this);
        _openedAt = parts.Clock.GetTimestamp();
        _watch = new ConnectionWatch(parts.Clock);
        Address = (context.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
    }

    /// <summary>Where it comes from.</summary>
    public IPAddress Address { get; }

    /// <inheritdoc/>
    public override string Client => _session?.Client ?? "";

    /// <inheritdoc/>
    public override DevicePresence? Presence => _presence;

    /// <summary>Why it ended, as a word for counting.</summary>
    public string EndedBy => _ending?.Why ?? "closed by the client";

    /// <summary>Serves the connection to its end; never throws for what the client or the network does.</summary>
    public async Task RunAsync()
    {
        try
        {
            await ReadAsync();
            if (_isStopping)
            {
                await _inFlight.WaitForAllAsync();
            }

            await SayLastWordAsync();
        }
        catch (Exception e) when (e is IOException or SocketException
            or OperationCanceledException or ObjectDisposedException)
        {
            // The network or the other side ended it (a reset), or we did (an abort).
            TryEnd(new Ending("lost", default, null));
        }
        finally
        {
            await _output.AbandonAsync();
            Leave();
            _ = CloseSocketAsync();
        }
    }

    /// <summary>
    /// Ends the connection gently: what is under way is answered first, then the client is told to go.
    /// </summary>
    public void Stop()
    {
        _isStopping = true;
        End(new Ending("shutdown", ReasonCode.ServerShuttingDown, "the grid shuts down"));
    }

    /// <summary>Closes the connection without a word.</summary>
    private void Cut(string why) => End(new Ending(why, default, null) { IsSilent = true });

    /// <inheritdoc/>
    public override void Answered(IncomingPublish publish)
    {
        _inFlight.Free(publish.PacketId, publish.Qos);
        Answer(publish.Qos, publish.PacketId, publish.Acknowledge, publish.Reason, publish.Detail);
        _inFlight.Remove(publish.Size);
    }

    private void Answer(byte qos, ushort packetId, bool acknowledge, ReasonCode reason, string? detail)
    {
        if (qos == 2)
        {
            bool isTaken = acknowledge && reason < ReasonCode.UnspecifiedError;
            if (_session!.Received(packetId, isTaken) is { } link && link != _link)
            {
                // It came again, on a connection after this one, while it was under way: that one is answered.
                link.Answer(packetId, acknowledge, reason, detail);
            }
        }

        if (!acknowledge)
        {
            // Not kept: without an acknowledgement the client sends it again, on its next connection. What others
            // were answered leaves first.
            End(new Ending("unavailable", ReasonCode.Success, null));
        }
        else if (qos > 0)
        {
            PacketType type = qos == 1 ? PacketType.PubAck : PacketType.PubRec;
            _output.Answer(type, packetId, reason, Said(detail));
        }
    }

    /// <summary>Notes why the connection ends and stops its reading; the first reason stands.</summary>
    private bool End(Ending ending)
    {
        if (!TryEnd(ending))
        {
            return false;
        }

        _inFlight.Release();
        _output.Relieve();
        _context.Transport.Input.CancelPendingRead();
        return true;
    }

    private bool TryEnd(Ending ending) => Interlocked.CompareExchange(ref _ending, ending, null) is null;

    private Next EndBy(in PacketFault fault)
    {
        TryEnd(new Ending(fault.Reason.ToString(), fault.Reason, fault.Detail));
        _parts.Log.Refused(Client, Address, fault);
        return Next.End;
    }

    private Next EndSilently(string why)
    {
        TryEnd(new Ending(why, default, null) { IsSilent = true });
        return Next.End;
    }

    /// <summary>
    /// Tells an MQTT 5 client why it has to go, lets what waits leave, and waits a moment for the client to close: a
    /// socket that is closed with unread bytes is reset, and a reset takes the last word with it.
    /// </summary>
    private async Task SayLastWordAsync()
    {
        if (_ending is { IsSilent: true })
        {
            return;
        }

        bool speaks = _isRefused;
        if (_ending is { Reason: not ReasonCode.Success } && _session is not null
            && _output.Version == ProtocolVersion.V5)
        {
            speaks = true;
            _output.Write(output => PacketWriter.Disconnect(
                output, _ending!.Reason, Said(_ending.Detail), _output.Largest));
        }

        using CancellationTokenSource patience = new(Linger, _parts.Clock);
        await _output.CloseAsync().WaitAsync(patience.Token);
        PipeReader input = _context.Transport.Input;
        while (speaks)
        {
            ReadResult rest = await input.ReadAsync(patience.Token);
            input.AdvanceTo(rest.Buffer.End);
            speaks = !rest.IsCompleted;
        }
    }

    /// <summary>
    /// Sees to it that the socket closes: where the other side takes nothing, Kestrel would wait for it for ever.
    /// </summary>
    private async Task CloseSocketAsync()
    {
        await Task.Delay(Linger, _parts.Clock, _context.ConnectionClosed).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing);
        _context.Abort();
    }

    /// <summary>The connection is over: its session and its twins hear of it.</summary>
    private void Leave()
    {
        ReturnMemory();
        if (_presence is not null)
        {
            _parts.Farewells.Say(_presence);
        }

        if (_session is not null)
        {
            // Section 3.1.2.5 lets a server that shuts down leave wills out; its twins hear that the session ended.
            _parts.Sessions.End(_session, _link, _expiry, publishWill: !_isNormalEnd && !_isStopping);
        }
    }

    private string? Said(string? detail) => _connect is { WantsProblemInformation: false } ? null : detail;

    /// <summary>Why a connection ends.</summary>
    /// <param name="Why">A word for counting.</param>
    /// <param name="Reason">What an MQTT 5 client is told; success for nothing.</param>
    /// <param name="Detail">The same as a sentence.</param>
    private sealed record Ending(string Why, ReasonCode Reason, string? Detail)
    {
        /// <summary>True for a connection that is closed at once.</summary>
        public bool IsSilent { get; init; }
    }

    private sealed class Link(MqttConnection connection) : SessionLink
    {
        public override void Wake() => connection._output.Wake();

        public override void Answer(ushort packetId, bool acknowledge, ReasonCode reason, string? detail)
        {
            if (acknowledge)
            {
                connection._output.Answer(PacketType.PubRec, packetId, reason, connection.Said(detail));
            }
            else
            {
                connection.Cut("unavailable");
            }
        }

        public override void TakeOver() => connection.End(new Ending(
            "taken over", ReasonCode.SessionTakenOver, "another connection uses this client identifier"));

        public override void Overflow()
        {
            Ending tooSlow = new(
                "too slow", ReasonCode.QuotaExceeded, "too slow for the messages that it subscribed to");
            if (connection.End(tooSlow))
            {
                connection._parts.Log.TooSlow(connection.Client);
            }
        }
    }
}
