using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text.Json;

namespace TwinGrid.MqttGateway.Decoding;

/// <content>
/// Values that are objects: which members an object has says what it is. Beside the members of its kind it may say
/// <c>ts</c>, <c>quality</c> and <c>unit</c>; with any other member it is a component.
/// </content>
internal ref partial struct JsonReadings
{
    private const int MaxSamples = 65_536;

    private static readonly uint Details = JsonMembers.Set(JsonMember.Ts, JsonMember.Quality, JsonMember.Unit);
    private static readonly uint ValueObject = JsonMembers.Set(JsonMember.Value);
    private static readonly uint Place = JsonMembers.Set(JsonMember.Lat, JsonMember.Lon);
    private static readonly uint PlaceWithAltitude = JsonMembers.Set(JsonMember.Lat, JsonMember.Lon, JsonMember.Alt);
    private static readonly uint GeoJson = JsonMembers.Set(JsonMember.Type, JsonMember.Coordinates);
    private static readonly uint Samples = JsonMembers.Set(JsonMember.Rate, JsonMember.Values);
    private static readonly uint Block = JsonMembers.Set(JsonMember.Rate, JsonMember.Format, JsonMember.Data);
    private static readonly uint ScaledBlock = Block | JsonMembers.Set(JsonMember.Scale);

    private readonly void Object(
        ref Utf8JsonReader json, int origin, int length, in ReadingDetail outer, bool isInner)
    {
        JsonMembers members = new(_document, json, origin);
        uint shape = members.Present & ~Details;
        bool isValue = shape == ValueObject && !isInner;
        bool isPlace = shape == Place || shape == PlaceWithAltitude;
        bool isBlock = shape == Block || shape == ScaledBlock;
        if (!isValue && !isPlace && !isBlock && shape != GeoJson && shape != Samples)
        {
            Components(ref json, origin, length, isInner);
            return;
        }

        json.Skip();
        ReadingDetail detail = outer;
        if (ReadDetail(members, ref detail) is { } problem)
        {
            Drop(length, problem.Outcome, problem.Why);
        }
        else if (isValue)
        {
            Utf8JsonReader inner = members.At(JsonMember.Value);
            Value(ref inner, members.Origin(JsonMember.Value), length, detail, isInner: true);
        }
        else if (isPlace || shape == GeoJson)
        {
            Position(isPlace ? ReadPlace(members) : ReadPoint(members), length, detail);
        }
        else if (isBlock)
        {
            Encoded(members, length, detail);
        }
        else
        {
            Listed(members, length, detail);
        }
    }

    private readonly void Components(ref Utf8JsonReader json, int origin, int length, bool isInner)
    {
        Utf8JsonReader look = json;
        if (isInner || !look.Read() || look.TokenType == JsonTokenType.EndObject)
        {
            json.Skip();
            Drop(length, ReadingOutcome.Malformed, isInner
                ? "'value' holds an object that is neither a position nor a waveform"
                : "an empty object is no reading");
            return;
        }

        Members(ref json, origin, length, isMessage: false);
    }

    private static (ReadingOutcome Outcome, string Why)? ReadDetail(in JsonMembers members, ref ReadingDetail detail)
    {
        if (members.Gives(JsonMember.Ts, out Utf8JsonReader json))
        {
            if (SourceTime.Read(ref json, out long time) is { } problem)
            {
                return (ReadingOutcome.BadTime, problem);
            }

            detail = detail with { Time = time };
        }

        if (members.Gives(JsonMember.Quality, out json))
        {
            Quality? quality = json.TokenType != JsonTokenType.String ? null
                : json.ValueTextEquals("good"u8) ? Quality.Good
                : json.ValueTextEquals("uncertain"u8) ? Quality.Uncertain
                : json.ValueTextEquals("bad"u8) ? Quality.Bad
                : null;
            if (quality is null)
            {
                return (ReadingOutcome.Malformed, "'quality' is good, uncertain or bad");
            }

            detail = detail with { Quality = quality.Value };
        }

        if (members.Gives(JsonMember.Unit, out json))
        {
            if (json.TokenType != JsonTokenType.String || json.ValueSpan.Length is 0 or > MaxUnit)
            {
                return (ReadingOutcome.WrongUnit, $"'unit' is a text of 1 to {MaxUnit} bytes");
            }

            detail = detail with { Unit = json.GetString() };
        }

        return null;
    }

    private static GeoPosition? ReadPlace(in JsonMembers members) =>
        ReadFinite(members, JsonMember.Lat, out double latitude)
        && ReadFinite(members, JsonMember.Lon, out double longitude)
        && (ReadFinite(members, JsonMember.Alt, out double altitude) || !members.Gives(JsonMember.Alt, out _))
            ? new GeoPosition(latitude, longitude, altitude)
            : null;

    /// <summary>RFC 7946: longitude stands first.</summary>
    private static GeoPosition? ReadPoint(in JsonMembers members)
    {
        Utf8JsonReader type = members.At(JsonMember.Type);
        Utf8JsonReader json = members.At(JsonMember.Coordinates);
        if (type.TokenType != JsonTokenType.String || !type.ValueTextEquals("Point"u8)
            || json.TokenType != JsonTokenType.StartArray)
        {
            return null;
        }

        Span<double> coordinates = [double.NaN, double.NaN, double.NaN];
        int count = 0;
        while (json.Read() && json.TokenType == JsonTokenType.Number && count < 3)
        {
            if (ExactNumber.Read(ref json, out coordinates[count]) is not null
                || !double.IsFinite(coordinates[count++]))
            {
                return null;
            }
        }

        return json.TokenType == JsonTokenType.EndArray && count >= 2
            ? new GeoPosition(coordinates[1], coordinates[0], coordinates[2])
            : null;
    }

    private static bool ReadFinite(in JsonMembers members, JsonMember member, out double value)
    {
        value = double.NaN;
        return members.Gives(member, out Utf8JsonReader json)
            && json.TokenType == JsonTokenType.Number
            && ExactNumber.Read(ref json, out value) is null
            && double.IsFinite(value);
    }

    private readonly void Position(GeoPosition? position, int length, in ReadingDetail detail)
    {
        if (position is null)
        {
            Drop(length, ReadingOutcome.Malformed,
                "a position is {\"lat\",\"lon\"[,\"alt\"]} or a GeoJSON Point, each coordinate a number");
        }
        else if (Math.Abs(position.Latitude) > 90 || Math.Abs(position.Longitude) > 180)
        {
            Drop(length, ReadingOutcome.OutOfRange, "latitudes are -90 to 90 and longitudes -180 to 180 degrees");
        }
        else
        {
            _readings.Position(
                _name.AsSpan(0, length), position.Latitude, position.Longitude, position.Altitude, detail);
        }
    }

    /// <summary>Writes <c>{"rate","values":[…]}</c>.</summary>
    private readonly void Listed(in JsonMembers members, int length, in ReadingDetail detail)
    {
        Utf8JsonReader json = members.At(JsonMember.Values);
        if (!ReadFinite(members, JsonMember.Rate, out double rate) || rate <= 0
            || json.TokenType != JsonTokenType.StartArray)
        {
            Drop(length, ReadingOutcome.Malformed, "a waveform is {\"rate\":Hz above 0,\"values\":[numbers]}");
            return;
        }

        ArrayBufferWriter<byte> samples = new();
        while (json.Read() && json.TokenType == JsonTokenType.Number)
        {
            if (ExactNumber.Read(ref json, out double value) is { } problem)
            {
                Drop(length, ReadingOutcome.NotFinite, problem);
                return;
            }

            BinaryPrimitives.WriteDoubleLittleEndian(samples.GetSpan(sizeof(double)), value);
            samples.Advance(sizeof(double));
        }

        if (json.TokenType != JsonTokenType.EndArray)
        {
            Drop(length, ReadingOutcome.Malformed, "a waveform's values are numbers");
            return;
        }

        Waveform(length, rate, WaveformEncoding.Float64, 1, samples.WrittenSpan, detail);
    }

    /// <summary>
    /// Writes <c>{"rate","format":"i16le"|"f32le","scale","data":base64}</c>; scale is 1 where absent.
    /// </summary>
    private readonly void Encoded(in JsonMembers members, int length, in ReadingDetail detail)
    {
        Utf8JsonReader format = members.At(JsonMember.Format);
        Utf8JsonReader data = members.At(JsonMember.Data);
        bool isInt16 = format.TokenType == JsonTokenType.String && format.ValueTextEquals("i16le"u8);
        bool isFloat32 = format.TokenType == JsonTokenType.String && format.ValueTextEquals("f32le"u8);
        double scale = 1;
        if (!ReadFinite(members, JsonMember.Rate, out double rate) || rate <= 0
            || (!isInt16 && !isFloat32)
            || (members.Gives(JsonMember.Scale, out _) && !ReadFinite(members, JsonMember.Scale, out scale))
            || data.TokenType != JsonTokenType.String)
        {
            Drop(length, ReadingOutcome.Malformed,
                "a waveform block is {\"rate\",\"format\",\"scale\",\"data\"}: Hz, i16le or f32le, a number, base64");
            return;
        }

        byte[] bytes = new byte[data.ValueSpan.Length];
        int written = data.CopyString(bytes);
        if (Base64.DecodeFromUtf8InPlace(bytes.AsSpan(0, written), out written) != OperationStatus.Done
            || written % (isInt16 ? sizeof(short) : sizeof(float)) != 0)
        {
            Drop(length, ReadingOutcome.Malformed, "the data are not base64 of whole samples");
            return;
        }

        WaveformEncoding encoding = isInt16 ? WaveformEncoding.Int16 : WaveformEncoding.Float32;
        Waveform(length, rate, encoding, scale, bytes.AsSpan(0, written), detail);
    }

    private readonly void Waveform(
        int length,
        double rate,
        WaveformEncoding encoding,
        double scale,
        ReadOnlySpan<byte> samples,
        in ReadingDetail detail)
    {
        int size = encoding switch
        {
            WaveformEncoding.Int16 => sizeof(short),
            WaveformEncoding.Float32 => sizeof(float),
            _ => sizeof(double),
        };
        if (samples.IsEmpty || samples.Length / size > MaxSamples)
        {
            Drop(length, ReadingOutcome.OverLimit,
                $"a block of {samples.Length / size} samples; 1 to {MaxSamples} are read");
        }
        else if (!AreFinite(encoding, samples))
        {
            Drop(length, ReadingOutcome.NotFinite, "a sample is NaN or infinite");
        }
        else
        {
            _readings.Waveform(_name.AsSpan(0, length), rate, encoding, scale, samples, detail);
        }
    }

    private static bool AreFinite(WaveformEncoding encoding, ReadOnlySpan<byte> samples)
    {
        bool finite = true;
        if (encoding == WaveformEncoding.Float32)
        {
            for (int i = 0; i < samples.Length; i += sizeof(float))
            {
                finite &= float.IsFinite(BinaryPrimitives.ReadSingleLittleEndian(samples[i..]));
            }
        }
        else if (encoding == WaveformEncoding.Float64)
        {
            for (int i = 0; i < samples.Length; i += sizeof(double))
            {
                finite &= double.IsFinite(BinaryPrimitives.ReadDoubleLittleEndian(samples[i..]));
            }
        }

        return finite;
    }
}
