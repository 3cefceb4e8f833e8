using System.Buffers;

namespace TwinGrid.Tests.Packets;

/// <summary>A sequence of several memories, as a pipe gives them.</summary>
internal static class Segments
{
    public static ReadOnlySequence<byte> Of(params byte[][] parts)
    {
        Segment first = new(parts[0], 0);
        Segment last = parts.Skip(1).Aggregate(first, (segment, part) => segment.Then(part));
        return new ReadOnlySequence<byte>(first, 0, last, parts[^1].Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] part, long start)
        {
            Memory = part;
            RunningIndex = start;
        }

        public Segment Then(byte[] part)
        {
            Segment next = new(part, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
