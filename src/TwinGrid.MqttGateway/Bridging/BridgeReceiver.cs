using System.Buffers;
using System.Text;
using MQTTnet;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>
/// What comes in on one connection: each message goes to its twin, and is acknowledged once it is committed or
/// dead-lettered, in the order in which the messages came (MQTT 5 section 4.6). A message that must be sent again ends
/// the acknowledging: the broker sends it, and all after it, on the next connection. Thread-safe.
/// </summary>
/// <param name="client">The bridge's client id, for dead letters.</param>
/// <param name="intake">Where messages go.</param>
/// <param name="budget">What the process may hold.</param>
/// <param name="hold">What the connection may hold.</param>
internal sealed class BridgeReceiver(string client, MessageIntake intake, IngestBudget budget, BridgeHold hold)
    : PublishSource, IDisposable
{
    /// <summary>The most messages of QoS 0 that are under way: nothing else bounds them.</summary>
    public const int MaxLoose = 1_024;

    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _order = new();
    private readonly Dictionary<ushort, Waiting> _byId = [];
    private readonly SemaphoreSlim _answered = new(0);
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _underWay;
    private int _loose;
    private bool _isClosed;
    private bool _cameTwice;
    private bool _isDisposed;

    /// <inheritdoc/>
    public override string Client => client;

    /// <summary>None: behind a broker nobody knows whether the device is there, unless it says so.</summary>
    public override DevicePresence? Presence => null;

    /// <summary>Takes a message; never waits.</summary>
    public Task TakeAsync(MqttApplicationMessageReceivedEventArgs received)
    {
        received.AutoAcknowledge = false;
        MqttApplicationMessage message = received.ApplicationMessage;
        byte qos = (byte)message.QualityOfServiceLevel;
        int size = (int)message.Payload.Length;
        if (!TryBegin(received, qos, size))
        {
            return Task.CompletedTask;
        }

        BridgeMetrics.CountReceived();
        Span<byte> topic = stackalloc byte[512];
        if (!Encoding.UTF8.TryGetBytes(message.Topic, topic, out int length))
        {
            topic = Encoding.UTF8.GetBytes(message.Topic);
            length = topic.Length;
        }

        intake.Take(
            this,
            intake.Slot(topic[..length]),
            qos == 0 ? (ushort)0 : received.PacketIdentifier,
            qos,
            message.Payload.IsSingleSegment ? message.Payload.FirstSpan : message.Payload.ToArray(),
            message.ContentType is { Length: > 0 } type ? Encoding.UTF8.GetBytes(type) : default);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override void Answered(IncomingPublish publish)
    {
        budget.Return(publish.Size);
        lock (_lock)
        {
            if (publish.Qos == 0)
            {
                _loose--;
            }
            else if (_byId.Remove(publish.PacketId, out Waiting? waiting))
            {
                waiting.IsAnswered = true;
                waiting.IsKept = publish.Acknowledge;

                // What comes behind it comes again, too.
                _isClosed |= !publish.Acknowledge;
                if (_order.Peek() == waiting && !_isDisposed)
                {
                    _answered.Release();
                }
            }

            if (--_underWay == 0 && _isClosed)
            {
                _idle.TrySetResult();
            }
        }
    }

    /// <summary>Acknowledges, until there is a message that must be sent again; ends with the reason.</summary>
    public async Task<string> AcknowledgeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _answered.WaitAsync(cancellationToken).ConfigureAwait(false);
            while (TryTakeFirst() is { } first)
            {
                if (!first.IsKept)
                {
                    return "a twin or the store was not available; the broker sends again";
                }

                await first.Received.AcknowledgeAsync(cancellationToken).ConfigureAwait(false);
                hold.Gone();
            }

            if (_cameTwice)
            {
                return "the broker sent two messages with one packet identifier on one connection";
            }
        }
    }

    /// <summary>Takes nothing more, and ends when all that was taken is answered.</summary>
    public Task CloseAsync()
    {
        lock (_lock)
        {
            _isClosed = true;
            if (_underWay == 0)
            {
                _idle.TrySetResult();
            }
        }

        return _idle.Task;
    }

    /// <summary>True while something that was taken waits to be acknowledged.</summary>
    public bool OwesAnswers
    {
        get
        {
            lock (_lock)
            {
                return _order.Count > 0;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            // A stop does not wait for every answer: those that come later are for nobody.
            _isDisposed = true;
        }

        _answered.Dispose();
    }

    private bool TryBegin(MqttApplicationMessageReceivedEventArgs received, byte qos, int size)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return false;
            }

            if (qos > 0)
            {
                Waiting waiting = new(received);
                if (!_byId.TryAdd(received.PacketIdentifier, waiting))
                {
                    // Which of the two an acknowledgement would mean nobody knows: on a new connection both come.
                    (_cameTwice, _isClosed) = (true, true);
                    _answered.Release();
                    return false;
                }

                _order.Enqueue(waiting);
            }
            else if (budget.IsHigh || _loose == MaxLoose)
            {
                // Its sender gave up every promise; what others wait an answer for comes first.
                BridgeMetrics.CountShed();
                return false;
            }
            else
            {
                _loose++;
            }

            _underWay++;
        }

        budget.Take(size);
        return true;
    }

    private Waiting? TryTakeFirst()
    {
        lock (_lock)
        {
            return !_cameTwice && _order.TryPeek(out Waiting? first) && first.IsAnswered ? _order.Dequeue() : null;
        }
    }

    private sealed class Waiting(MqttApplicationMessageReceivedEventArgs received)
    {
        public MqttApplicationMessageReceivedEventArgs Received => received;

        public bool IsAnswered { get; set; }

        public bool IsKept { get; set; }
    }
}
