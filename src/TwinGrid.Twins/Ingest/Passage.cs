using System.Runtime.InteropServices;

namespace TwinGrid.Twins.Ingest;

/// <summary>
/// The messages of one twin that is not ready here, in their order: first those that are under way, behind them those
/// that wait. At most one parcel of a twin is under way at a time, so that no message overtakes another whatever
/// becomes of the first: it is only sent on, or again, by whoever had it. All members under the door's lock.
/// </summary>
/// <param name="twin">Whose.</param>
/// <param name="door">Its lock.</param>
internal sealed class Passage(TwinId twin, OpeningTwins.Door door)
{
    private readonly List<IngestMessage> _messages = [];
    private string? _key;

    /// <summary>Whose.</summary>
    public TwinId Twin => twin;

    /// <summary>Whoever holds its lock decides on the twin's messages.</summary>
    public OpeningTwins.Door Door => door;

    /// <summary>The twin's grain key.</summary>
    public string Key => _key ??= twin.ToGrainKey();

    /// <summary>How many are under way.</summary>
    public int UnderWay { get; private set; }

    /// <summary>
    /// True when some came by a lane: two silos that disagree on the map must not send them to and fro, so they go as
    /// grain calls.
    /// </summary>
    public bool Stays { get; private set; }

    /// <summary>How often in a row the parcel under way failed.</summary>
    public int Failures { get; set; }

    /// <summary>When it failed first, a timestamp.</summary>
    public long FailedAt { get; set; }

    /// <summary>True when there is nothing left to bring.</summary>
    public bool IsEmpty => _messages.Count == 0;

    /// <summary>All messages, those under way first.</summary>
    public IReadOnlyList<IngestMessage> All => _messages;

    /// <summary>Adds a message behind all others.</summary>
    public void Add(IngestMessage message, bool stays)
    {
        _messages.Add(message);
        Stays |= stays;
    }

    /// <summary>Puts messages that an activation gave back in front of all that wait.</summary>
    public void AddFirst(List<IngestMessage> unapplied) => _messages.InsertRange(UnderWay, unapplied);

    /// <summary>
    /// Begins a parcel: the messages that fit, at least one; or the one whose fate was to be sent again.
    /// </summary>
    public ReadOnlySpan<IngestMessage> Begin(int most, int mostBytes)
    {
        int count = 0;
        int bytes = 0;
        while (count < _messages.Count && (count == 0 || (count < most && bytes < mostBytes)))
        {
            bytes += _messages[count++].Inputs.Length;
        }

        UnderWay = count;
        return CollectionsMarshal.AsSpan(_messages)[..count];
    }

    /// <summary>Those under way have their answers; takes them out.</summary>
    public IngestMessage[] End()
    {
        IngestMessage[] ended = [.. CollectionsMarshal.AsSpan(_messages)[..UnderWay]];
        _messages.RemoveRange(0, UnderWay);
        (UnderWay, Failures) = (0, 0);
        return ended;
    }

    /// <summary>Takes all messages out.</summary>
    public IngestMessage[] TakeAll()
    {
        IngestMessage[] all = [.. _messages];
        _messages.Clear();
        UnderWay = 0;
        return all;
    }

    /// <summary>The parcel came back: its messages are the first of those that wait.</summary>
    public void ComeBack() => UnderWay = 0;

    /// <summary>What is under way, as a copy.</summary>
    public IngestMessage[] Parcel() => [.. CollectionsMarshal.AsSpan(_messages)[..UnderWay]];

    /// <summary>Some of those under way turned out to be kept; takes them out, the others wait again.</summary>
    public void TakeOut(bool[] kept)
    {
        int left = 0;
        for (int i = 0; i < _messages.Count; i++)
        {
            if (i >= kept.Length || !kept[i])
            {
                _messages[left++] = _messages[i];
            }
        }

        _messages.RemoveRange(left, _messages.Count - left);
        UnderWay = 0;
    }
}
