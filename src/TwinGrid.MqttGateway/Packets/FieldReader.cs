using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace TwinGrid.MqttGateway.Packets;

/// <summary>
/// Takes the fields of a packet one after the other (MQTT 5 section 1.5). The first fault stays, and what is read after
/// it is empty, so that a packet's reader asks once, at its end.
/// </summary>
internal ref struct FieldReader(ReadOnlySpan<byte> body)
{
    private ReadOnlySpan<byte> _rest = body;

    /// <summary>What was wrong first, or null.</summary>
    public PacketFault? Fault { get; private set; }

    /// <summary>Bytes that are left; 0 after a fault.</summary>
    public readonly int Left => _rest.Length;

    /// <summary>Ends the reading with a fault, unless there was one.</summary>
    public void Fail(PacketFault? fault)
    {
        if (fault is not null)
        {
            Fault ??= fault;
            _rest = default;
        }
    }

    /// <summary>Ends the reading with a fault, unless there was one.</summary>
    public void Fail(ReasonCode reason, string detail) => Fail(new PacketFault(reason, detail));

    public byte ReadByte()
    {
        ReadOnlySpan<byte> field = Take(1);
        return field.IsEmpty ? (byte)0 : field[0];
    }

    public ushort ReadUInt16()
    {
        ReadOnlySpan<byte> field = Take(sizeof(ushort));
        return field.IsEmpty ? (ushort)0 : BinaryPrimitives.ReadUInt16BigEndian(field);
    }

    public uint ReadUInt32()
    {
        ReadOnlySpan<byte> field = Take(sizeof(uint));
        return field.IsEmpty ? 0 : BinaryPrimitives.ReadUInt32BigEndian(field);
    }

    /// <summary>A variable byte integer.</summary>
    public uint ReadVariable()
    {
        int length = VariableByteInteger.Read(_rest, out uint value);
        if (length > 0)
        {
            _rest = _rest[length..];
            return value;
        }

        if (length == 0)
        {
            FailShort();
        }
        else
        {
            Fail(ReasonCode.MalformedPacket, "A variable byte integer has at most four bytes and its shortest form.");
        }

        return 0;
    }

    /// <summary>Binary data: two bytes of length, then as many bytes.</summary>
    public ReadOnlySpan<byte> ReadBytes() => Take(ReadUInt16());

    /// <summary>Text as UTF-8, checked by the MUSTs of section 1.5.4; a byte order mark stays.</summary>
    public ReadOnlySpan<byte> ReadText()
    {
        ReadOnlySpan<byte> text = ReadBytes();
        if (text.Contains((byte)0))
        {
            Fail(ReasonCode.MalformedPacket, "A text contains U+0000.");
            return default;
        }

        if (!Utf8.IsValid(text))
        {
            Fail(ReasonCode.MalformedPacket, "A text is not valid UTF-8.");
            return default;
        }

        return text;
    }

    /// <summary>Text as a string.</summary>
    public string ReadString() => Encoding.UTF8.GetString(ReadText());

    /// <summary>The identifier of a packet, which is not 0 (section 2.2.1).</summary>
    public ushort ReadPacketId()
    {
        ushort id = ReadUInt16();
        if (id == 0)
        {
            Fail(ReasonCode.MalformedPacket, "The packet identifier is 0.");
        }

        return id;
    }

    /// <summary>The properties that stand here, with their length in front.</summary>
    public PropertyReader ReadProperties(PropertyScope scope) => new(Take((int)ReadVariable()), scope);

    /// <summary>The properties that stand here, of which only the correctness matters.</summary>
    public void SkipProperties(PropertyScope scope)
    {
        PropertyReader properties = ReadProperties(scope);
        while (properties.Read())
        {
        }

        Fail(properties.Fault);
    }

    /// <summary>All that is left.</summary>
    public ReadOnlySpan<byte> ReadRest() => Take(_rest.Length);

    /// <summary>Says that the packet ends here.</summary>
    public void End()
    {
        if (!_rest.IsEmpty)
        {
            Fail(ReasonCode.MalformedPacket, "The packet is longer than what it holds.");
        }
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _rest.Length)
        {
            FailShort();
            return default;
        }

        ReadOnlySpan<byte> field = _rest[..length];
        _rest = _rest[length..];
        return field;
    }

    private void FailShort() =>
        Fail(ReasonCode.MalformedPacket, "The packet ends before what it must hold.");
}
