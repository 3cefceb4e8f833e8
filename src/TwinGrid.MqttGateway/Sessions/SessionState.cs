using System.Text;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// A session's subscriptions as the store keeps them: a version, then for each its filter, its options as in SUBSCRIBE
/// (MQTT 5 section 3.8.3.1) and its identifier. Pure.
/// </summary>
internal static class SessionState
{
    private const byte Version = 1;

    /// <summary>Packs subscriptions.</summary>
    public static byte[] Write(IReadOnlyCollection<Subscription> subscriptions)
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
        }

        return stream.ToArray();
    }

    /// <summary>Reads subscriptions; those whose filter is none are left out.</summary>
    /// <exception cref="TwinGridException">The state was written by a newer version.</exception>
    public static IReadOnlyList<Subscription> Read(MqttSession session, ReadOnlyMemory<byte> state)
    {
        using BinaryReader reader = new(new MemoryStream(state.ToArray()), Encoding.UTF8);
        byte version = reader.ReadByte();
        if (version != Version)
        {
            throw new TwinGridException(
                $"the session of '{session.Client}' was stored in form {version}, this version reads {Version}");
        }

        List<Subscription> subscriptions = [];
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
            if (TopicFilter.Parse(filter) is { } parsed)
            {
                subscriptions.Add(new Subscription(session, parsed, request, identifier));
            }
        }

        return subscriptions;
    }
}
