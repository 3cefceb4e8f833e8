using System.Text;

namespace TwinGrid.MqttGateway.Packets;

/// <summary>What the properties of a CONNECT say (MQTT 5 section 3.1.2.11), or stands where they are absent.</summary>
internal struct ConnectProperties
{
    public uint SessionExpiry;
    public ushort ReceiveMaximum;
    public uint MaximumPacketSize;
    public bool WantsProblemInformation;
    public string? AuthenticationMethod;

    /// <summary>Reads them where the version has them.</summary>
    public static ConnectProperties Read(ref FieldReader reader, ProtocolVersion? version, bool cleanStart)
    {
        ConnectProperties read = new()
        {
            ReceiveMaximum = ushort.MaxValue,
            MaximumPacketSize = uint.MaxValue,
            WantsProblemInformation = true,
        };
        if (version != ProtocolVersion.V5)
        {
            // A session of MQTT 3.1.1 that is not clean has no end.
            read.SessionExpiry = cleanStart ? 0 : uint.MaxValue;
            return read;
        }

        bool authenticationData = false;
        PropertyReader properties = reader.ReadProperties(PropertyScope.Connect);
        while (properties.Read())
        {
            read.Take(in properties);
            authenticationData |= properties.Id == PropertyId.AuthenticationData;
        }

        reader.Fail(properties.Fault);
        if (authenticationData && read.AuthenticationMethod is null)
        {
            reader.Fail(ReasonCode.ProtocolError, "Authentication data without an authentication method.");
        }

        return read;
    }

    private void Take(in PropertyReader property)
    {
        switch (property.Id)
        {
            case PropertyId.SessionExpiryInterval:
                SessionExpiry = property.Number;
                break;
            case PropertyId.ReceiveMaximum:
                ReceiveMaximum = (ushort)property.Number;
                break;
            case PropertyId.MaximumPacketSize:
                MaximumPacketSize = property.Number;
                break;
            case PropertyId.RequestProblemInformation:
                WantsProblemInformation = property.Number != 0;
                break;
            case PropertyId.AuthenticationMethod:
                AuthenticationMethod = Encoding.UTF8.GetString(property.Bytes);
                break;
            default:
                break;
        }
    }
}
