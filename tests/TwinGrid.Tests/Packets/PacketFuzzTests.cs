using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.Tests.Packets;

/// <summary>
/// Damages valid packets at random and reads them: no exception, no second of work, no allocation over eight times the
/// input. <c>TWINGRID_FUZZ_SECONDS</c> says for how long (default 5), <c>TWINGRID_FUZZ_SEED</c> repeats a run.
/// </summary>
public class PacketFuzzTests(ITestOutputHelper output)
{
    private const int AllocationFactor = 8;

    // A packet's object and its will's, the headers of strings and arrays; a fault's sentence, and what the runtime
    // makes anew for it now and then: names of enums, the pooled buffer of interpolation. Seen in ten million: 1,928.
    private const int AllocationConstant = 4096;

    private static readonly byte[] Interesting = [0x00, 0x01, 0x02, 0x04, 0x7F, 0x80, 0xC0, 0xED, 0xF4, 0xFF];

    private long _taken;
    private long _refused;
    private long _incomplete;
    private long _mostAllocated;

    [Fact]
    public void Damaged_packets_are_answered_without_exception_and_without_much_memory()
    {
        int seed = Setting("TWINGRID_FUZZ_SEED", Random.Shared.Next());
        TimeSpan duration = TimeSpan.FromSeconds(Setting("TWINGRID_FUZZ_SECONDS", 5));
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        byte[][] corpus = [.. PacketCorpus.All.Select(packet => packet.Bytes)];
        WarmUp(corpus);

        long start = Stopwatch.GetTimestamp();
        long runs = 0;
        for (; Stopwatch.GetElapsedTime(start) < duration; runs++)
        {
            byte[] bytes = Mutate(corpus, random);
            ReadAll(bytes, random);
        }

        output.WriteLine(
            $"{runs} packets: {_taken} taken, {_refused} refused, {_incomplete} incomplete; "
            + $"most allocated over eight times the input: {_mostAllocated} bytes");
        Assert.True(_taken > 0 && _refused > 0 && _incomplete > 0, "The mutations must reach every outcome.");
    }

    // Names of enums and interpolated texts allocate once.
    private static void WarmUp(byte[][] corpus)
    {
        Random random = new(1);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = Mutate(corpus, random);
            AnyPacket.ReadFrame(bytes, out PacketFrame frame, out _);
            AnyPacket.ReadBody(frame, bytes.AsSpan(Math.Min(2, bytes.Length)), ProtocolVersion.V5);
        }
    }

    private static byte[] Mutate(byte[][] corpus, Random random)
    {
        List<byte> bytes = [.. corpus[random.Next(corpus.Length)]];
        for (int changes = random.Next(1, 6); changes > 0; changes--)
        {
            int at = random.Next(bytes.Count + 1);
            int count = Math.Min(random.Next(1, 12), bytes.Count - at);
            switch (random.Next(8))
            {
                case 0 when at < bytes.Count:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1 when at < bytes.Count:
                    bytes[at] = Interesting[random.Next(Interesting.Length)];
                    break;
                case 2 when at < bytes.Count:
                    bytes[at] = (byte)(bytes[at] + random.Next(-3, 4));
                    break;
                case 3:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 4:
                    bytes.RemoveRange(at, count);
                    break;
                case 5:
                    bytes.InsertRange(at, bytes.GetRange(at, count));
                    break;
                case 6:
                    byte[] other = corpus[random.Next(corpus.Length)];
                    int from = random.Next(other.Length);
                    bytes.InsertRange(at, other[from..random.Next(from, other.Length)]);
                    break;
                default:
                    bytes.InsertRange(at, Enumerable.Repeat(bytes[Math.Min(at, bytes.Count - 1)], random.Next(64)));
                    break;
            }

            if (bytes.Count == 0)
            {
                bytes.Add((byte)random.Next(256));
            }
        }

        return [.. bytes];
    }

    /// <summary>As it came; and with a fixed header that is right, so that the damage lies in the body.</summary>
    private void ReadAll(byte[] bytes, Random random)
    {
        // On a machine that is full one reading may wait for a processor; a packet that hangs hangs each time.
        TimeSpan took = TimeSpan.MaxValue;
        for (int i = 0; i < 3 && took >= TimeSpan.FromSeconds(1); i++)
        {
            long start = Stopwatch.GetTimestamp();
            ReadOnce(bytes, random);
            took = Stopwatch.GetElapsedTime(start);
        }

        Assert.True(took < TimeSpan.FromSeconds(1), $"Took long: {Convert.ToHexString(bytes)}");
    }

    private void ReadOnce(byte[] bytes, Random random)
    {
        try
        {
            FrameStatus status = AnyPacket.ReadFrame(bytes, out PacketFrame frame, out PacketFault fault);
            AssertSameInSegments(bytes, random, status, frame, fault);
            if (status == FrameStatus.Complete)
            {
                ReadBody(frame, bytes.AsSpan(frame.HeaderLength, frame.Length - frame.HeaderLength));
            }
            else
            {
                _incomplete += status == FrameStatus.Incomplete ? 1 : 0;
                frame = new PacketFrame(bytes[0], 2, bytes.Length);
                ReadBody(frame, bytes.AsSpan(Math.Min(2, bytes.Length)));
            }
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"On {Convert.ToHexString(bytes)}", exception);
        }
    }

    private void ReadBody(PacketFrame frame, ReadOnlySpan<byte> body)
    {
        ReadOnlySpan<ProtocolVersion> versions = [ProtocolVersion.V311, ProtocolVersion.V5];
        foreach (ProtocolVersion version in versions)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            PacketFault? fault = AnyPacket.ReadBody(frame, body, version);
            long over = GC.GetAllocatedBytesForCurrentThread() - before - (AllocationFactor * body.Length);

            Assert.InRange(over, long.MinValue, AllocationConstant);
            _mostAllocated = Math.Max(_mostAllocated, over);
            if (fault is { } refused)
            {
                _refused++;
                Assert.True(refused.Reason >= ReasonCode.UnspecifiedError && refused.Detail.Length > 0);
            }
            else
            {
                _taken++;
                AssertWhole(frame, body, version);
            }
        }
    }

    /// <summary>What was taken is made of the packet's bytes, and holds what was promised.</summary>
    private static void AssertWhole(PacketFrame frame, ReadOnlySpan<byte> body, ProtocolVersion version)
    {
        switch (frame.Type)
        {
            case PacketType.Publish:
                PublishPacket.Read(frame.Flags, body, version, out PublishPacket publish);
                Assert.True(publish.Qos == 0 || publish.PacketId != 0);
                Assert.True(publish.Topic.Length + publish.Properties.Length + publish.Payload.Length <= body.Length);
                byte[] forwarded = PublishProperties.Forwarded(publish.Properties);
                Assert.Equal(forwarded, PublishProperties.Forwarded(forwarded));
                break;
            case PacketType.Connect:
                ConnectPacket.Read(body, out ConnectPacket? connect, out _);
                Assert.Null(connect!.Will is { } will ? PublishPacket.CheckTopic(will.Topic.Span) : null);
                Assert.DoesNotContain('\0', connect.ClientId);
                break;
            case PacketType.Subscribe:
                SubscribePacket.Read(frame.Flags, body, version, out SubscribePacket? subscribe);
                Assert.All(subscribe!.Subscriptions, one => Assert.InRange(one.Qos, 0, 2));
                break;
            case PacketType.Unsubscribe:
                UnsubscribePacket.Read(frame.Flags, body, version, out UnsubscribePacket? unsubscribe);
                Assert.NotEmpty(unsubscribe!.Filters.ToArray());
                break;
            default:
                break;
        }
    }

    private static void AssertSameInSegments(
        byte[] bytes, Random random, FrameStatus status, PacketFrame frame, PacketFault fault)
    {
        int first = random.Next(bytes.Length + 1);
        int second = random.Next(first, bytes.Length + 1);
        ReadOnlySequence<byte> segments = Segments.Of(bytes[..first], bytes[first..second], bytes[second..]);

        Assert.Equal(
            status,
            PacketFrame.Read(in segments, AnyPacket.Largest, out PacketFrame sameFrame, out PacketFault sameFault));
        Assert.Equal((frame, fault), (sameFrame, sameFault));
    }

    private static int Setting(string name, int standard) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value)
            ? value
            : standard;
}
