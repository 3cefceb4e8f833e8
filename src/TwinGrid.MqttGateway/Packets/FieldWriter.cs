using System.Buffers.Binary;
using System.Text;

namespace TwinGrid.MqttGateway.Packets;

/// <summary>Writes the fields of a packet one after the other (MQTT 5 section 1.5); the span is long enough.</summary>
internal ref struct FieldWriter(Span<byte> destination)
{
    /// <summary>Bytes of a property of text or binary data besides its value: identifier and length.</summary>
    public const int BytesPropertyOverhead = 3;

    private readonly Span<byte> _destination = destination;

    /// <summary>Bytes that were written.</summary>
    public int Written { get; private set; }

    public void Byte(byte value) => _destination[Written++] = value;

    public void UInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_destination[Written..], value);
        Written += sizeof(ushort);
    }

    public void UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_destination[Written..], value);
        Written += sizeof(uint);
    }

    public void Variable(uint value) => Written += VariableByteInteger.Write(_destination[Written..], value);

    /// <summary>Bytes without their length.</summary>
    public void Raw(scoped ReadOnlySpan<byte> value)
    {
        value.CopyTo(_destination[Written..]);
        Written += value.Length;
    }

    /// <summary>Bytes after their length, of at most 65,535.</summary>
    public void Bytes(scoped ReadOnlySpan<byte> value)
    {
        UInt16(checked((ushort)value.Length));
        Raw(value);
    }

    /// <summary>A property that is text, or nothing for null.</summary>
    public void TextProperty(PropertyId id, string? text)
    {
        if (text is not null)
        {
            Byte((byte)id);
            UInt16(checked((ushort)Encoding.UTF8.GetByteCount(text)));
            Written += Encoding.UTF8.GetBytes(text, _destination[Written..]);
        }
    }

    /// <summary>A property that is a byte, or nothing for null.</summary>
    public void ByteProperty(PropertyId id, byte? value)
    {
        if (value is { } written)
        {
            Byte((byte)id);
            Byte(written);
        }
    }

    /// <summary>A property that is a number of two bytes, or nothing for null.</summary>
    public void UInt16Property(PropertyId id, ushort? value)
    {
        if (value is { } written)
        {
            Byte((byte)id);
            UInt16(written);
        }
    }

    /// <summary>A property that is a number of four bytes, or nothing for null.</summary>
    public void UInt32Property(PropertyId id, uint? value)
    {
        if (value is { } written)
        {
            Byte((byte)id);
            UInt32(written);
        }
    }
}
