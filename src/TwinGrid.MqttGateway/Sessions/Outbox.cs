using System.Diagnostics.CodeAnalysis;
using TwinGrid.MqttGateway.Delivery;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>What became of a message that was offered to a session.</summary>
internal enum Offer : byte
{
    /// <summary>It waits, or took the place of an older one.</summary>
    Taken,

    /// <summary>An older message went for it.</summary>
    Conflated,

    /// <summary>There is no room, and it may not be lost.</summary>
    Full,
}

/// <summary>A message on its way to one subscriber.</summary>
/// <param name="Message">The message.</param>
/// <param name="Qos">As granted: the lesser of the message's and the subscription's.</param>
/// <param name="Retain">The retain flag for this subscriber.</param>
/// <param name="Identifiers">The identifiers of its subscriptions that match.</param>
internal sealed record OwedMessage(OutgoingMessage Message, byte Qos, bool Retain, ReadOnlyMemory<uint> Identifiers)
{
    /// <summary>The packet's identifier once it was sent; 0 before, and with QoS 0.</summary>
    public ushort PacketId { get; set; }

    /// <summary>True when it was sent before, on a connection that is gone.</summary>
    public bool IsDuplicate { get; set; }

    /// <summary>QoS 2: the subscriber has it (PUBREC came), and only PUBREL goes on.</summary>
    public bool IsReceived { get; set; }
}

/// <summary>
/// What one session is owed: messages that wait, and those that were sent and not acknowledged. Belongs to its session,
/// whose lock guards it.
/// </summary>
/// <param name="capacity">
/// The most messages of each sort that wait: lasting ones of QoS 1 and 2, plain ones of QoS 0, and fleeting ones, of
/// which only the newest of a topic counts.
/// </param>
internal sealed class Outbox(int capacity)
{
    /// <summary>How many commands that were sent are remembered, so that none is sent twice.</summary>
    private const int MaxDone = 1_024;

    /// <summary>Bytes of messages that wait, whatever their number; a single one may be larger.</summary>
    private const int MaxBytes = 1 << 20;

    private readonly LinkedList<OwedMessage> _fleeting = new();
    private readonly Queue<OwedMessage> _lasting = new();
    private readonly Queue<OwedMessage> _plain = new();
    private readonly OrderedDictionary<ushort, OwedMessage> _unacknowledged = [];
    private Dictionary<string, LinkedListNode<OwedMessage>>? _newest;
    private Queue<OwedMessage>? _resent;
    private HashSet<string>? _done;
    private HashSet<string>? _sentElsewhere;
    private Queue<string>? _doneInOrder;
    private long _bytes;
    private ushort _lastId;

    /// <summary>The most unacknowledged messages; the client's Receive Maximum.</summary>
    public int ReceiveMaximum { get; set; } = ushort.MaxValue;

    /// <summary>True when a message could be sent now.</summary>
    public bool HasNext =>
        _plain.Count > 0 || _fleeting.Count > 0
        || ((Resent > 0 || _lasting.Count > 0) && _unacknowledged.Count - Resent < ReceiveMaximum);

    /// <summary>True while there is room for what its client asked for by subscribing.</summary>
    public bool HasRoom => _lasting.Count + _plain.Count <= capacity / 2 && _bytes <= MaxBytes / 2;

    private int Resent => _resent?.Count ?? 0;

    /// <summary>Adds a message; one that is conflated takes the place of the one before it on its topic.</summary>
    /// <param name="delivery">The message.</param>
    /// <param name="isAskedFor">
    /// True for what its client asked for by subscribing: it is always taken, since twins are asked only while there is
    /// room (<see cref="HasRoom"/>).
    /// </param>
    public Offer Add(OwedMessage delivery, bool isAskedFor = false)
    {
        if (delivery.Message.IsConflated)
        {
            return AddFleeting(delivery);
        }

        Queue<OwedMessage> queue = delivery.Qos > 0 ? _lasting : _plain;
        bool isFull = queue.Count >= capacity || (_bytes >= MaxBytes && queue.Count > 0);
        if (isFull && !isAskedFor)
        {
            return delivery.Qos > 0 ? Offer.Full : Offer.Conflated;
        }

        _bytes += Size(delivery);
        queue.Enqueue(delivery);
        return Offer.Taken;
    }

    /// <summary>
    /// Makes room for a lasting message by the oldest that waits: for a session without a connection.
    /// </summary>
    public void DropOldest()
    {
        if (_lasting.TryDequeue(out OwedMessage? oldest))
        {
            _bytes -= Size(oldest);
        }
    }

    /// <summary>True when a command of this id waits, or was sent on this connection.</summary>
    public bool HasCommand(string id)
    {
        if (_done?.Contains(id) == true)
        {
            return true;
        }

        foreach (OwedMessage delivery in _unacknowledged.Values)
        {
            if (delivery.Message.CommandId == id)
            {
                return true;
            }
        }

        return Waits(_lasting, id) || Waits(_plain, id);
    }

    /// <summary>The commands that were sent and not acknowledged.</summary>
    public string[] SentCommands() =>
    [
        .. _unacknowledged.Values.Select(delivery => delivery.Message.CommandId).OfType<string>(),
        .. _sentElsewhere ?? Enumerable.Empty<string>(),
    ];

    /// <summary>
    /// Another gateway, which had the session before, has sent commands that were not acknowledged: they cannot be
    /// taken back, and are sent again.
    /// </summary>
    public void NoteSent(IEnumerable<string> commands) =>
        (_sentElsewhere ??= new HashSet<string>(StringComparer.Ordinal)).UnionWith(commands);

    /// <summary>Takes a command back that waits.</summary>
    /// <returns>False when it was sent already.</returns>
    public bool TryRecall(string command)
    {
        Withdraw(_lasting, command);
        Withdraw(_plain, command);
        return !HasCommand(command) && _sentElsewhere?.Contains(command) != true;
    }

    /// <summary>Takes the next message to send; one of QoS 1 or 2 gets its packet identifier and stays owed.</summary>
    public bool TryTakeNext([NotNullWhen(true)] out OwedMessage? delivery)
    {
        bool mayOwe = _unacknowledged.Count - Resent < ReceiveMaximum;
        if (mayOwe && _resent is not null && _resent.TryDequeue(out delivery))
        {
            return true;
        }

        if (mayOwe && Resent == 0 && _lasting.TryDequeue(out delivery))
        {
            _bytes -= Size(delivery);
            delivery.PacketId = NextId();
            _unacknowledged.Add(delivery.PacketId, delivery);
            return true;
        }

        if (_plain.TryDequeue(out delivery))
        {
            _bytes -= Size(delivery);
            if (delivery.Message.CommandId is { } command)
            {
                RememberDone(command);
            }

            return true;
        }

        if (_fleeting.First is { } first)
        {
            delivery = first.Value;
            _bytes -= Size(delivery);
            _fleeting.RemoveFirst();
            _newest!.Remove(delivery.Message.Topic);
            return true;
        }

        delivery = null;
        return false;
    }

    /// <summary>
    /// Gives up a message that was taken and could not be sent: it expired, or its client cannot take it.
    /// </summary>
    public void Discard(OwedMessage delivery)
    {
        if (delivery.PacketId != 0)
        {
            _unacknowledged.Remove(delivery.PacketId);
        }
    }

    /// <summary>False for an identifier that stands for a message of another QoS than the answer's.</summary>
    public bool MayAnswer(ushort packetId, byte qos) =>
        !_unacknowledged.TryGetValue(packetId, out OwedMessage? delivery) || delivery.Qos == qos;

    /// <summary>A PUBACK or PUBCOMP came: the message is no longer owed.</summary>
    /// <returns>The message, or null for an identifier that stands for none of that QoS.</returns>
    public OwedMessage? Acknowledge(ushort packetId, byte qos)
    {
        if (!_unacknowledged.TryGetValue(packetId, out OwedMessage? delivery) || delivery.Qos != qos)
        {
            return null;
        }

        _unacknowledged.Remove(packetId);
        if (delivery.Message.CommandId is { } command)
        {
            RememberDone(command);
        }

        return delivery;
    }

    /// <summary>A PUBREC came: the subscriber has it.</summary>
    /// <returns>The message, or null for an identifier that stands for none of QoS 2.</returns>
    public OwedMessage? Receive(ushort packetId)
    {
        if (!_unacknowledged.TryGetValue(packetId, out OwedMessage? delivery) || delivery.Qos != 2)
        {
            return null;
        }

        delivery.IsReceived = true;
        return delivery;
    }

    /// <summary>
    /// A new connection goes on with the session: what is unacknowledged is sent again in its order (section 4.4), and
    /// what was fleeting is worth nothing any more.
    /// </summary>
    public void Resume()
    {
        while (_fleeting.First is { } stale)
        {
            _bytes -= Size(stale.Value);
            _fleeting.RemoveFirst();
        }

        while (_plain.TryDequeue(out OwedMessage? plain))
        {
            _bytes -= Size(plain);
        }

        _newest?.Clear();
        _done?.Clear();
        _doneInOrder?.Clear();
        foreach (OwedMessage delivery in _unacknowledged.Values)
        {
            delivery.IsDuplicate = true;
        }

        _resent = _unacknowledged.Count == 0 ? null : new Queue<OwedMessage>(_unacknowledged.Values);
    }

    private static bool Waits(Queue<OwedMessage> queue, string command)
    {
        foreach (OwedMessage delivery in queue)
        {
            if (delivery.Message.CommandId == command)
            {
                return true;
            }
        }

        return false;
    }

    private void Withdraw(Queue<OwedMessage> queue, string command)
    {
        for (int left = queue.Count; left > 0; left--)
        {
            OwedMessage delivery = queue.Dequeue();
            if (delivery.Message.CommandId == command)
            {
                _bytes -= Size(delivery);
            }
            else
            {
                queue.Enqueue(delivery);
            }
        }
    }

    private Offer AddFleeting(OwedMessage delivery)
    {
        _bytes += Size(delivery);
        _newest ??= new Dictionary<string, LinkedListNode<OwedMessage>>(StringComparer.Ordinal);
        if (_newest.TryGetValue(delivery.Message.Topic, out LinkedListNode<OwedMessage>? waiting))
        {
            _bytes -= Size(waiting.Value);
            waiting.Value = delivery;
            return Offer.Conflated;
        }

        LinkedListNode<OwedMessage> node = _fleeting.AddLast(delivery);
        _newest.Add(delivery.Message.Topic, node);
        return MakeRoom(node);
    }

    private Offer MakeRoom(LinkedListNode<OwedMessage> added)
    {
        Offer offer = Offer.Taken;
        while ((_fleeting.Count > capacity || _bytes > MaxBytes) && _fleeting.First is { } oldest && oldest != added)
        {
            _bytes -= Size(oldest.Value);
            _fleeting.RemoveFirst();
            _newest!.Remove(oldest.Value.Message.Topic);
            offer = Offer.Conflated;
        }

        return offer;
    }

    private void RememberDone(string command)
    {
        if (!(_done ??= new HashSet<string>(StringComparer.Ordinal)).Add(command))
        {
            return;
        }

        (_doneInOrder ??= new Queue<string>()).Enqueue(command);
        if (_doneInOrder.Count > MaxDone)
        {
            _done.Remove(_doneInOrder.Dequeue());
        }
    }

    private static int Size(OwedMessage delivery) =>
        delivery.Message.Payload.Length + delivery.Message.TopicUtf8.Length;

    private ushort NextId()
    {
        do
        {
            _lastId = _lastId == ushort.MaxValue ? (ushort)1 : (ushort)(_lastId + 1);
        }
        while (_unacknowledged.ContainsKey(_lastId));

        return _lastId;
    }
}
