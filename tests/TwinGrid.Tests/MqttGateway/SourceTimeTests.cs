using System.Globalization;

namespace TwinGrid.Tests.MqttGateway;

public class SourceTimeTests
{
    // Expected values by `date -u -d … +%s`.
    [Theory]
    [InlineData("\"1985-04-12T23:20:50.52Z\"", 482_196_050_520_000)] // RFC 3339 section 5.8
    [InlineData("\"1996-12-19T16:39:57-08:00\"", 851_042_397_000_000)] // RFC 3339 section 5.8
    [InlineData("\"1990-12-31T23:59:60Z\"", 662_688_000_000_000)] // RFC 3339 section 5.8: a leap second
    [InlineData("\"2026-05-17t08:30:00.1234567z\"", 1_779_006_600_123_456)]
    [InlineData("\"2026-05-17 10:30:00+02:00\"", 1_779_006_600_000_000)]
    [InlineData("\"2024-02-29T00:00:00Z\"", 1_709_164_800_000_000)]
    [InlineData("\"1973-03-03T09:46:40Z\"", 100_000_000_000_000)]
    [InlineData("\"5138-11-16T09:46:40Z\"", 100_000_000_000_000_000)]
    [InlineData("\"5138-11-16T11:46:40+02:00\"", 100_000_000_000_000_000)]
    [InlineData("100000000000", 100_000_000_000_000)]
    [InlineData("100000000000000", 100_000_000_000_000_000)]
    [InlineData("1779006600123.4567", 1_779_006_600_123_456)]
    [InlineData("1.7790066e12", 1_779_006_600_000_000)]
    public void Times_are_RFC_3339_or_milliseconds_kept_to_a_microsecond(string ts, long microseconds) =>
        Assert.Equal(
            string.Create(CultureInfo.InvariantCulture, $"ts={microseconds} a=1"),
            Packed.Decode($"{{\"a\":1,\"ts\":{ts}}}"));

    [Theory]
    [InlineData("1779006600", "seconds")]
    [InlineData("0", "seconds")]
    [InlineData("-5", "seconds")]
    [InlineData("99999999999.9", "seconds")]
    [InlineData("1779006600123456", "microseconds")]
    [InlineData("100000000000001", "microseconds")]
    [InlineData("1779006600123456789", "nanoseconds")]
    [InlineData("1e40", "range")]
    [InlineData("true", "RFC 3339")]
    [InlineData("\"\"", "RFC 3339")]
    [InlineData("\"yesterday\"", "RFC 3339")]
    [InlineData("\"2026-05-17\"", "RFC 3339")]
    [InlineData("\"2026-05-17T08:30Z\"", "RFC 3339")]
    [InlineData("\"2026-05-17T08:30:00\"", "offset")]
    [InlineData("\"2026-05-17T08:30:00.Z\"", "RFC 3339")]
    [InlineData("\"2026-05-17T08:30:00+0200\"", "offset")]
    [InlineData("\"2026-05-17T08:30:00Zx\"", "offset")]
    [InlineData("\"2026-02-30T00:00:00Z\"", "exist")]
    [InlineData("\"2026-13-01T00:00:00Z\"", "exist")]
    [InlineData("\"2026-05-17T24:00:00Z\"", "exist")]
    [InlineData("\"0000-01-01T00:00:00Z\"", "exist")]
    [InlineData("\"0001-01-01T00:00:00+01:00\"", "1973")]
    [InlineData("\"1900-01-01T00:00:00Z\"", "1973")]
    [InlineData("\"1937-01-01T12:00:27.87+00:20\"", "1973")] // RFC 3339 section 5.8
    [InlineData("\"1970-01-01T00:00:00Z\"", "1973")]
    [InlineData("\"1973-03-03T09:46:39.999999Z\"", "1973")]
    [InlineData("\"5138-11-16T09:46:40.000001Z\"", "5138")]
    [InlineData("\"9999-12-31T23:59:59-01:00\"", "5138")]
    public void A_time_that_cannot_be_one_says_what_it_probably_is(string ts, string word)
    {
        ReadingWriter writer = new();
        PayloadContext context = new(new TwinId("turbine", "t07"), null, Packed.Received, null);
        byte[] payload = System.Text.Encoding.UTF8.GetBytes($"{{\"a\":1,\"ts\":{ts}}}");
        Assert.Null(new TwinGrid.MqttGateway.Decoding.JsonPayloadDecoder().Decode(payload, context, writer));
        Assert.Equal(0, writer.ReadingCount);
        DroppedReading dropped = Assert.Single(writer.Dropped);
        Assert.Equal(ReadingOutcome.BadTime, dropped.Outcome);
        Assert.Contains(word, dropped.Detail, StringComparison.Ordinal);
    }
}
