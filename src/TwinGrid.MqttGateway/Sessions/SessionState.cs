using System.Text;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>A will that is to be published.</summary>
/// <param name="Message">The will.</param>
/// <param name="At">When it was first published, Unix microseconds; null where nobody has begun to.</param>
internal sealed record OwedWill(WillMessage Message, long? At);

/// <summary>
/// A session as the store keeps it: a version, then for each subscription its filter, its options as in SUBSCRIBE (MQTT
/// 5 section 3.8.3.1) and its identifier, then the will, if there is one, with a version of its own. What reads no
/// wills ends before it. Pure.
/// </summary>
internal static class SessionState
{
    private const byte Version = 1;
    private const byte WillVersion = 1;
    private const byte WillRetain = 4;
    private const byte WillExpires = 8;
    private const byte WillBegun = 16;

    /// <summary>Packs subscriptions and the will.</summary>
    public static byte[] Write(IReadOnlyCollection<Subscription> subscriptions, OwedWill? will = null)
    {
        using MemoryStream stream = new();
        using (BinaryWriter writer = new(stream, Encoding.UTF8))
        {
            writer.Write(Version);
            writer.Write7BitEncodedInt(subscriptions.Count);
            foreach (Subscription subscription in subscriptions)
            {
                SubscriptionRequest request = subscription.Request;
                writer.Write(request.Filter);
                writer.Write((byte)(request.Qos
                    | (request.NoLocal ? 4 : 0)
                    | (request.RetainAsPublished ? 8 : 0)
                    | ((int)request.RetainHandling << 4)));
                writer.Write7BitEncodedInt((int)subscription.Identifier);
            }

            if (will is not null)
            {
                Write(writer, will);
            }
        }

        return stream.ToArray();
    }

    /// <summary>Reads subscriptions; those whose filter is none are left out.</summary>
    /// <exception cref="TwinGridException">The state was written by a newer version.</exception>
    public static IReadOnlyList<Subscription> Read(MqttSession session, ReadOnlyMemory<byte> state)
    {
        using BinaryReader reader = Open(session.Client, state);
        List<Subscription> subscriptions = [];
        foreach ((SubscriptionRequest request, uint identifier) in ReadRequests(reader))
        {
            if (TopicFilter.Parse(request.Filter) is { } parsed)
            {
                subscriptions.Add(new Subscription(session, parsed, request, identifier));
            }
        }

        return subscriptions;
    }

    /// <summary>Reads the will; null where there is none.</summary>
    /// <exception cref="TwinGridException">It was written by a newer version.</exception>
    public static OwedWill? ReadWill(string client, ReadOnlyMemory<byte> state)
    {
        using BinaryReader reader = Open(client, state);
        int subscriptions = ReadRequests(reader).Count();
        if (reader.BaseStream.Position == reader.BaseStream.Length)
        {
            return null;
        }

        byte version = reader.ReadByte();
        if (version != WillVersion)
        {
            throw new TwinGridException(
                $"the will of '{client}', after {subscriptions} subscriptions, was stored in form {version}, this "
                + $"version reads {WillVersion}");
        }

        byte flags = reader.ReadByte();
        uint delay = reader.ReadUInt32();
        uint? expiry = (flags & WillExpires) != 0 ? reader.ReadUInt32() : null;
        long? at = (flags & WillBegun) != 0 ? reader.ReadInt64() : null;
        WillMessage message = new()
        {
            Topic = ReadBytes(reader),
            Payload = ReadBytes(reader),
            Qos = (byte)(flags & 3),
            Retain = (flags & WillRetain) != 0,
            Delay = delay,
            MessageExpiry = expiry,
            ContentType = ReadBytes(reader),
            PublishProperties = ReadBytes(reader),
        };
        return new OwedWill(message, at);
    }

    private static void Write(BinaryWriter writer, OwedWill will)
    {
        WillMessage message = will.Message;
        writer.Write(WillVersion);
        writer.Write((byte)(message.Qos
            | (message.Retain ? WillRetain : 0)
            | (message.MessageExpiry is null ? 0 : WillExpires)
            | (will.At is null ? 0 : WillBegun)));
        writer.Write(message.Delay);
        if (message.MessageExpiry is { } expiry)
        {
            writer.Write(expiry);
        }

        if (will.At is { } at)
        {
            writer.Write(at);
        }

        foreach (ReadOnlyMemory<byte> part in (ReadOnlySpan<ReadOnlyMemory<byte>>)
            [message.Topic, message.Payload, message.ContentType, message.PublishProperties])
        {
            writer.Write7BitEncodedInt(part.Length);
            writer.Write(part.Span);
        }
    }

    private static BinaryReader Open(string client, ReadOnlyMemory<byte> state)
    {
        BinaryReader reader = new(new MemoryStream(state.ToArray()), Encoding.UTF8);
        byte version = reader.ReadByte();
        return version == Version
            ? reader
            : throw new TwinGridException(
                $"the session of '{client}' was stored in form {version}, this version reads {Version}");
    }

    private static IEnumerable<(SubscriptionRequest Request, uint Identifier)> ReadRequests(BinaryReader reader)
    {
        for (int left = reader.Read7BitEncodedInt(); left > 0; left--)
        {
            string filter = reader.ReadString();
            byte options = reader.ReadByte();
            uint identifier = (uint)reader.Read7BitEncodedInt();
            SubscriptionRequest request = new(
                filter,
                (byte)(options & 3),
                (options & 4) != 0,
                (options & 8) != 0,
                (RetainHandling)(options >> 4));
            yield return (request, identifier);
        }
    }

    private static byte[] ReadBytes(BinaryReader reader)
    {
        int length = reader.Read7BitEncodedInt();
        byte[] bytes = reader.ReadBytes(length);
        return bytes.Length == length ? bytes : throw new EndOfStreamException("a will ends in the middle");
    }
}
