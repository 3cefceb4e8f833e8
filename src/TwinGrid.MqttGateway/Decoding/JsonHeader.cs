using System.Text.Json;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// The reserved members of a message: <c>ts</c>, <c>seq</c>, <c>epoch</c>, <c>source</c>, <c>historical</c>; null
/// is absent.
/// </summary>
internal static class JsonHeader
{
    private const int MaxSource = 64;

    /// <summary>Reads them.</summary>
    /// <returns>Null, or which of them makes the message unusable and why.</returns>
    public static DroppedReading? Read(in JsonMembers members, long received, out MessageHeader header)
    {
        header = new MessageHeader { Received = received };
        if (members.Gives(JsonMember.Ts, out Utf8JsonReader json))
        {
            if (SourceTime.Read(ref json, out long time) is { } problem)
            {
                return new DroppedReading("ts", ReadingOutcome.BadTime, problem);
            }

            header = header with { Time = time };
        }

        if (!ReadNumber(members, JsonMember.Seq, out long? seq))
        {
            return new DroppedReading("seq", ReadingOutcome.Malformed, "'seq' is a whole number from 0 to 2^63-1");
        }

        if (!ReadNumber(members, JsonMember.Epoch, out long? epoch))
        {
            return new DroppedReading("epoch", ReadingOutcome.Malformed, "'epoch' is a whole number from 0 to 2^63-1");
        }

        header = header with { Seq = seq, Epoch = epoch };
        if (members.Gives(JsonMember.Source, out json))
        {
            if (json.TokenType != JsonTokenType.String || json.GetString() is not { Length: <= MaxSource } source)
            {
                return new DroppedReading(
                    "source", ReadingOutcome.Malformed, $"'source' is a text of at most {MaxSource} characters");
            }

            header = header with { Source = source };
        }

        if (members.Gives(JsonMember.Historical, out json))
        {
            if (json.TokenType is not (JsonTokenType.True or JsonTokenType.False))
            {
                return new DroppedReading("historical", ReadingOutcome.Malformed, "'historical' is true or false");
            }

            header = header with { Historical = json.TokenType == JsonTokenType.True };
        }

        return null;
    }

    private static bool ReadNumber(in JsonMembers members, JsonMember member, out long? value)
    {
        value = null;
        if (!members.Gives(member, out Utf8JsonReader json))
        {
            return true;
        }

        if (json.TokenType != JsonTokenType.Number || !json.TryGetInt64(out long number) || number < 0)
        {
            return false;
        }

        value = number;
        return true;
    }
}
