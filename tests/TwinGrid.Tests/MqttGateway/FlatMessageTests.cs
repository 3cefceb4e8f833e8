using System.Globalization;
using System.Text;
using CsCheck;
using TwinGrid.MqttGateway.Decoding;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>
/// The pass over usual messages and the strict path are two implementations of one rule: each is the other's test.
/// </summary>
public class FlatMessageTests
{
    private const int Rounds = 5_000;

    private static readonly Gen<string> Number = Gen.OneOf(
        Gen.Double.Select(number => number.ToString("R", CultureInfo.InvariantCulture)),
        Gen.Int.Select(number => number.ToString(CultureInfo.InvariantCulture)),
        Gen.Long.Select(number => number.ToString(CultureInfo.InvariantCulture)),
        Gen.Decimal.Select(number => number.ToString(CultureInfo.InvariantCulture)),
        Gen.Select(Gen.Int[-99_999, 99_999], Gen.Int[0, 25], (digits, zeros) =>
            (digits / 1e5).ToString("F5", CultureInfo.InvariantCulture) + new string('0', zeros)),
        Gen.Select(Gen.Int[0, 999], Gen.Int[-400, 400], (digits, exponent) =>
            string.Create(CultureInfo.InvariantCulture, $"{digits}.5e{exponent}")),
        Word(
            "0", "-0", "-0.0", "00", "01", "1.", ".5", "-", "1e", "1e+", "1E+2", "0e-400", "1e-400", "1e999",
            "9007199254740992", "9007199254740993", "0.30000000000000004", "1700000000000.25", "NaN", "+1"));

    private static readonly Gen<string> Time = Gen.OneOf(
        Gen.Long[99_000_000_000, 101_000_000_000_000].Select(ms => ms.ToString(CultureInfo.InvariantCulture)),
        Word(
            "1779006600125", "1779006600125.25", "1779006600", "1e12", "100000000000000", "100000000000001", "-1",
            "\"2026-05-17T08:30:00.125Z\"", "\"2026-02-30T00:00:00Z\"", "\"2026-05-17\"", "\"\"", "null", "true"));

    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.String[Gen.Char[' ', '~'], 0, 12].Select(text => $"\"{text}\""),
        Word("\"on\"", "\"ü\"", "\"\\u0041\"", "\"\u0001\"", "\"a\u007fb\"", "\"\\uD800\"", "\"open"),
        Gen.Int[60, 70].Select(length => $"\"{new string('s', length)}\""),
        Gen.Int[4_090, 4_100].Select(length => $"\"{new string('x', length)}\""));

    private static readonly Gen<string> Scalar = Gen.Frequency(
        (6, Number),
        (2, Word("true", "false", "null", "truex", "tru", "False", "nul", "undefined")),
        (3, Text),
        (1, Word("[]", "{}", "[1]", """{"value":1,"unit":"volt"}""", """{"lat":1,"lon":2}""", """{"x":1}""")));

    private static readonly Gen<string> Name = Gen.Frequency(
        (6, Gen.String[Gen.Char["abc"], 1, 3]),
        (3, Word("temperature", "wind-speed", "motor.temp", "a.b.c.d", "_x", "values", "value", "unit")),
        (1, Word("", "1a", "a.b.c.d.e", "a..b", "ü", "\\u0061", "a\\\"b", "$type")),
        (1, Gen.Int[120, 135].Select(length => new string('n', length))));

    private static readonly Gen<string> Member = Gen.Frequency(
        (12, Gen.Select(Name, Scalar, (name, value) => $"\"{name}\":{value}")),
        (2, Time.Select(time => $"\"ts\":{time}")),
        (2, Gen.OneOf(Number, Word("7", "0", "9223372036854775807", "999999999999999999", "null"))
            .Select(number => $"\"seq\":{number}")),
        (1, Gen.OneOf(Number, Word("3", "null")).Select(number => $"\"epoch\":{number}")),
        (1, Gen.OneOf(Text, Gen.Const("null")).Select(source => $"\"source\":{source}")),
        (1, Word("true", "false", "null", "1").Select(word => $"\"historical\":{word}")));

    private static readonly Gen<string> Space = Gen.Frequency(
        (8, Gen.Const("")), (2, Word(" ", "\t", "\r\n", "  ")), (1, Word("\u00a0", "\u000b", ";")));

    private static readonly Gen<string> Members =
        Gen.Select(Member.Array[0, 8], Space, (members, space) => string.Join($"{space},{space}", members));

    private static readonly Gen<string> Document = Gen.OneOf(
        Members.Select(members => $"{{{members}}}"),
        Gen.Select(Members, Members, Word("\"ts\":1779006600125,", "\"seq\":1,", ""), (inner, outer, own) =>
            outer.Length == 0 ? $"{{{own}\"values\":{{{inner}}}}}" : $"{{{own}\"values\":{{{inner}}},{outer}}}"),
        Gen.Int[62, 66].Select(count =>
            $"{{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"n{i}\":{i}"))}}}"));

    [Fact]
    public void The_one_pass_decides_every_message_as_the_strict_path_does()
    {
        int taken = 0;
        Gen.Select(Space, Document, Space, (before, document, after) => before + document + after).Sample(
            text =>
            {
                byte[] payload = Encoding.UTF8.GetBytes(text);
                AssertSame(payload);
                if (FlatMessage.TryWrite(payload, Packed.Received, new ReadingWriter()))
                {
                    Interlocked.Increment(ref taken);
                }
            },
            iter: Rounds);

        // The comparison says nothing where one path always leaves it to the other.
        Assert.InRange(taken, Rounds / 20, Rounds * 19 / 20);
    }

    [Fact]
    public void The_one_pass_decides_damaged_messages_as_the_strict_path_does() =>
        Gen.Select(Document, Gen.Int[0, 200], Gen.Byte, Gen.Int[0, 200]).Sample(
            (document, at, with, cut) =>
            {
                byte[] payload = Encoding.UTF8.GetBytes(document);
                payload[at % payload.Length] = with;
                AssertSame(payload);
                AssertSame(payload[..(cut % payload.Length)]);
            },
            iter: Rounds);

    [Fact]
    public void The_one_pass_decides_single_values_as_the_strict_path_does() =>
        Gen.Select(Space, Scalar, Space, (before, value, after) => before + value + after).Sample(
            text =>
            {
                byte[] payload = Encoding.UTF8.GetBytes(text);
                ReadingWriter strictly = new();
                string? refusal = payload.Length == 0
                    ? null
                    : ScalarPayloadDecoder.DecodeStrictly(payload, "t", Packed.Received, strictly);
                ReadingWriter quickly = new();
                bool isWritten = FlatMessage.TryWriteValue(payload, "t", Packed.Received, quickly);
                string expected = isWritten ? Shown(refusal, strictly) : Shown(null, new ReadingWriter());
                Assert.Equal(expected, Shown(null, quickly));
            },
            iter: Rounds);

    [Theory]
    [InlineData("""{"temperature":21.5}""")]
    [InlineData("""{"temperature":21.5,"vibration":0.12,"ts":1700000000000,"seq":42}""")]
    [InlineData(""" { "on" : true , "state" : "idle", "gone": null } """)]
    [InlineData("""{"ts":"2026-05-17T08:30:00.125Z","source":"plc","epoch":1,"values":{"ts":5,"a":-1.5e3},"seq":1}""")]
    [InlineData("""{"motor.temp":60,"v":0.30000000000000004,"historical":false}""")]
    public void A_usual_message_is_read_in_one_pass(string payload) =>
        Assert.True(FlatMessage.TryWrite(Encoding.UTF8.GetBytes(payload), Packed.Received, new ReadingWriter()));

    [Theory]
    [InlineData("""[{"a":1}]""")]
    [InlineData("""{"a":{"b":1}}""")]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("""{"a":1,"seq":-1}""")]
    [InlineData("""{"values":{"a":1},"b":2}""")]
    [InlineData("""{"a":"ü"}""")]
    [InlineData("""{"a":1}x""")]
    [InlineData("""{"ts":1779006600125}""")]
    [InlineData("{}")]
    [InlineData("")]
    public void Anything_else_is_left_to_the_strict_path_and_nothing_is_written(string payload)
    {
        ReadingWriter writer = new();
        Assert.False(FlatMessage.TryWrite(Encoding.UTF8.GetBytes(payload), Packed.Received, writer));
        Assert.Equal(0, writer.Written.Length);
    }

    // The run time's own parser rounds right; so must the quotient of two exact doubles.
    [Fact]
    public void Numbers_of_up_to_fifteen_digits_are_the_doubles_that_the_run_time_reads() =>
        Gen.Select(Gen.Long[-999_999_999_999_999, 999_999_999_999_999], Gen.Int[0, 15]).Sample(
            (digits, point) =>
            {
                string text = digits.ToString("D16", CultureInfo.InvariantCulture);
                text = text.Insert(text.Length - point, point == 0 ? "" : ".").TrimStart('-').TrimStart('0');
                text = (digits < 0 ? "-" : "") + (text.Length == 0 || text[0] == '.' ? "0" : "") + text;
                Assert.Equal(text.Length, FlatNumber.Read(Encoding.ASCII.GetBytes(text), out double value));
                Assert.Equal(
                    BitConverter.DoubleToInt64Bits(double.Parse(text, CultureInfo.InvariantCulture)),
                    BitConverter.DoubleToInt64Bits(value));
            },
            iter: Rounds);

    private static Gen<string> Word(params string[] words) => Gen.Int[0, words.Length - 1].Select(i => words[i]);

    private static void AssertSame(byte[] payload)
    {
        PayloadContext context = new(new TwinId("turbine", "t07"), null, Packed.Received, null);
        ReadingWriter strictly = new();
        string? refusal = JsonPayloadDecoder.DecodeStrictly(payload, context, strictly);
        ReadingWriter quickly = new();
        string? answer = new JsonPayloadDecoder().Decode(payload, context, quickly);
        Assert.Equal(Shown(refusal, strictly), Shown(answer, quickly));
    }

    private static string Shown(string? refusal, ReadingWriter writer) =>
        refusal is not null
            ? $"refused: {refusal}"
            : $"{Convert.ToHexString(writer.Written.Span)} {string.Join(';', writer.Dropped)}";
}
