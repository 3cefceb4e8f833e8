using System.Runtime.CompilerServices;
using System.Text.Json;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>A member name that means something to the grid, in a message or in a value.</summary>
internal enum JsonMember : byte
{
    Ts,
    Seq,
    Epoch,
    Source,
    Historical,
    Values,
    Value,
    Quality,
    Unit,
    Lat,
    Lon,
    Alt,
    Type,
    Coordinates,
    Rate,
    Format,
    Scale,
    Data,

    /// <summary>Any other name.</summary>
    Other,
}

/// <summary>
/// Which of those an object has and where their values begin, so that they can be read in any order without a copy
/// of the document.
/// </summary>
internal ref struct JsonMembers
{
    private readonly ReadOnlySpan<byte> _document;
    private Offsets _offsets;
    private uint _present;

    /// <summary>Looks at the object that the reader stands on; the reader stays where it is.</summary>
    /// <param name="document">The whole document.</param>
    /// <param name="json">A reader of it.</param>
    /// <param name="origin">Where in the document that reader began.</param>
    public JsonMembers(ReadOnlySpan<byte> document, Utf8JsonReader json, int origin)
    {
        _document = document;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            JsonMember member = Name(ref json);
            json.Read();
            _present |= 1u << (int)member;
            if (member != JsonMember.Other)
            {
                _offsets[(int)member] = origin + (int)json.TokenStartIndex;
            }

            json.Skip();
        }
    }

    /// <summary>A set of members.</summary>
    public static uint Set(params ReadOnlySpan<JsonMember> members)
    {
        uint set = 0;
        foreach (JsonMember member in members)
        {
            set |= 1u << (int)member;
        }

        return set;
    }

    /// <summary>The members that the object has.</summary>
    public readonly uint Present => _present;

    /// <summary>True when the object has the member.</summary>
    public readonly bool Has(JsonMember member) => (_present & (1u << (int)member)) != 0;

    /// <summary>True when the object has the member and its value is not null.</summary>
    public readonly bool Gives(JsonMember member, out Utf8JsonReader json)
    {
        if (!Has(member))
        {
            json = default;
            return false;
        }

        json = At(member);
        return json.TokenType != JsonTokenType.Null;
    }

    /// <summary>Where in the document the value of a member that the object has begins.</summary>
    public readonly int Origin(JsonMember member) => _offsets[(int)member];

    /// <summary>A reader that stands on the value of a member that the object has.</summary>
    public readonly Utf8JsonReader At(JsonMember member)
    {
        Utf8JsonReader json = new(_document[_offsets[(int)member]..], JsonCheck.Options);
        json.Read();
        return json;
    }

    /// <summary>Which member a reader's property name is.</summary>
    public static JsonMember Name(ref Utf8JsonReader json)
    {
        // An escaped name is longer than what it stands for, at most 6 bytes per character.
        int length = json.ValueSpan.Length;
        if (length > 66 || (length > 11 && !json.ValueIsEscaped))
        {
            return JsonMember.Other;
        }

        Span<byte> buffer = stackalloc byte[66];
        ReadOnlySpan<byte> name = json.ValueIsEscaped ? buffer[..json.CopyString(buffer)] : json.ValueSpan;
        return name switch
        {
            _ when name.SequenceEqual("ts"u8) => JsonMember.Ts,
            _ when name.SequenceEqual("seq"u8) => JsonMember.Seq,
            _ when name.SequenceEqual("epoch"u8) => JsonMember.Epoch,
            _ when name.SequenceEqual("source"u8) => JsonMember.Source,
            _ when name.SequenceEqual("historical"u8) => JsonMember.Historical,
            _ when name.SequenceEqual("values"u8) => JsonMember.Values,
            _ when name.SequenceEqual("value"u8) => JsonMember.Value,
            _ when name.SequenceEqual("quality"u8) => JsonMember.Quality,
            _ when name.SequenceEqual("unit"u8) => JsonMember.Unit,
            _ when name.SequenceEqual("lat"u8) => JsonMember.Lat,
            _ when name.SequenceEqual("lon"u8) => JsonMember.Lon,
            _ when name.SequenceEqual("alt"u8) => JsonMember.Alt,
            _ when name.SequenceEqual("type"u8) => JsonMember.Type,
            _ when name.SequenceEqual("coordinates"u8) => JsonMember.Coordinates,
            _ when name.SequenceEqual("rate"u8) => JsonMember.Rate,
            _ when name.SequenceEqual("format"u8) => JsonMember.Format,
            _ when name.SequenceEqual("scale"u8) => JsonMember.Scale,
            _ when name.SequenceEqual("data"u8) => JsonMember.Data,
            _ => JsonMember.Other,
        };
    }

    [InlineArray((int)JsonMember.Other)]
    private struct Offsets
    {
        private int _first;
    }
}
