using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;

namespace TwinGrid.Tests.MqttGateway;

public class JsonRoundTripTests
{
    private static readonly string[] Reserved = ["ts", "seq", "epoch", "source", "historical", "values"];

    private static readonly Gen<string> Name =
        Gen.Select(Gen.Char["aZ_"], Gen.String[Gen.Char.AlphaNumeric, 0, 8], (head, tail) => head + tail);

    private static readonly Gen<char> Character = Gen.OneOf(
        Gen.Char[' ', '~'], Gen.Char['\u0000', '\u001f'], Gen.Char['\u00a0', '\u07ff'], Gen.Char['\u4e00', '\u4fff']);

    private static readonly Gen<string> Text = Gen.String[Character, 0, 20];

    private static readonly Gen<object?> Value = Gen.OneOf<object?>(
        Gen.Double.Where(double.IsFinite).Select(number => (object?)number),
        Gen.Long[-1L << 53, 1L << 53].Select(number => (object?)(double)number),
        Gen.Bool.Select(boolean => (object?)boolean),
        Text.Select(text => (object?)text),
        Gen.Const((object?)null));

    private static readonly Gen<(string, object?)[]> Values =
        Gen.Select(Name, Value).Array[1, 20].Select(all => all.DistinctBy(one => one.Item1).ToArray())
            .Where(all => !all.Any(one => Reserved.Contains(one.Item1)));

    private static readonly Gen<(long? Time, long? Seq, string? Source, bool Historical)> Header = Gen.Select(
        Gen.Long[100_000_000_000_000, 99_999_999_999_999_999].Nullable(),
        Gen.Long[0, long.MaxValue].Nullable(),
        Gen.OneOf(Gen.Const("plc"), Gen.Const("a b"), Gen.Const("ü")).Null(),
        Gen.Bool);

    [Fact]
    public void What_is_written_as_JSON_is_read_back_from_the_packed_form() =>
        Gen.Select(Header, Values, Gen.Bool).Sample((header, values, nested) => Assert.Equal(
            Expected(header, values), Packed.Decode(Json(header, values, nested))));

    [Fact]
    public void Whatever_bytes_come_they_are_an_answer_and_never_an_exception() =>
        Gen.Select(Header, Values, Gen.Int[0, 400], Gen.Byte, Gen.Int[0, 400]).Sample((header, values, at, with, cut) =>
        {
            byte[] payload = Json(header, values, nested: false);
            payload[at % payload.Length] = with;
            Packed.Decode(payload[..Math.Min(payload.Length, cut)]);
            Packed.Decode(payload);
        });

    private static byte[] Json(
        (long? Time, long? Seq, string? Source, bool Historical) header, (string, object?)[] values, bool nested)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            if (nested)
            {
                writer.WriteStartObject("values");
                Write(writer, values);
                writer.WriteEndObject();
            }
            else
            {
                Write(writer, values);
            }

            if (header.Time is { } time)
            {
                writer.WritePropertyName("ts");
                writer.WriteRawValue(string.Create(CultureInfo.InvariantCulture, $"{time / 1000}.{time % 1000:000}"));
            }

            if (header.Seq is { } seq)
            {
                writer.WriteNumber("seq", seq);
            }

            if (header.Source is { } source)
            {
                writer.WriteString("source", source);
            }

            writer.WriteBoolean("historical", header.Historical);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, (string, object?)[] values)
    {
        foreach ((string name, object? value) in values)
        {
            writer.WritePropertyName(name);
            JsonSerializer.Serialize(writer, value);
        }
    }

    private static string Expected(
        (long? Time, long? Seq, string? Source, bool Historical) header, (string, object?)[] values)
    {
        StringBuilder text = new();
        text.Append(header.Source is null ? "" : $"source={header.Source} ");
        text.Append(CultureInfo.InvariantCulture, $"{(header.Seq is null ? "" : $"seq={header.Seq} ")}");
        text.Append(CultureInfo.InvariantCulture, $"{(header.Time is null ? "" : $"ts={header.Time} ")}");
        text.Append(header.Historical ? "historical " : "");
        return text.Append(string.Join(' ', values.Select(one => $"{one.Item1}={Show(one.Item2)}"))).ToString();
    }

    private static string Show(object? value) => value switch
    {
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        bool boolean => boolean ? "true" : "false",
        string text => $"'{text}'",
        _ => "null(Bad)",
    };
}
