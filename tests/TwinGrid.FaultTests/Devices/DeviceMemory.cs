using System.Globalization;
using TwinGrid.FaultTests.Checking;

namespace TwinGrid.FaultTests.Devices;

/// <summary>
/// What a device keeps over a loss of power: its epoch, its next numbers, what was not acknowledged, which commands it
/// did. Each change is a line in a file before anything follows from it. Not thread-safe.
/// </summary>
internal sealed class DeviceMemory : IDisposable
{
    private readonly FileStream _file;
    private readonly StreamWriter _lines;
    private readonly List<Measurement> _unacknowledged = [];
    private readonly HashSet<string> _done = new(StringComparer.Ordinal);
    private readonly long[] _nextNumber = [1, 1];
    private readonly long[] _nextSeq = [1, 1];

    /// <summary>Opens a device's file and reads what it holds.</summary>
    public DeviceMemory(string path)
    {
        if (File.Exists(path))
        {
            foreach (string line in File.ReadLines(path))
            {
                Replay(line.Split(' '));
            }
        }

        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
        _lines = new StreamWriter(_file) { AutoFlush = true };
    }

    /// <summary>Its epoch.</summary>
    public long Epoch { get; private set; } = 1;

    /// <summary>What it must send, in order.</summary>
    public IReadOnlyList<Measurement> Unacknowledged => _unacknowledged;

    /// <summary>When its newest live message was measured; 0 before the first.</summary>
    public long LastLiveTime { get; private set; }

    /// <summary>
    /// Begins an epoch, as a device that restarts does. What is not acknowledged keeps the epoch and the numbers that
    /// it was measured under.
    /// </summary>
    public void Restart() => Write($"e {Epoch + 1}");

    /// <summary>Measures.</summary>
    /// <param name="publisher">Who.</param>
    /// <param name="count">How many readings.</param>
    /// <param name="firstTime">When the first was measured, Unix microseconds.</param>
    public Measurement Measure(Publisher publisher, int count, long firstTime)
    {
        int who = (int)publisher;
        Write(FormattableString.Invariant(
            $"m {who} {_nextNumber[who]} {count} {Epoch} {_nextSeq[who]} {firstTime}"));
        return _unacknowledged[^1];
    }

    /// <summary>Gives what waits to be sent other numbers: a device that forgets what it called it.</summary>
    public void Renumber(Measurement message)
    {
        int who = (int)message.Publisher;
        int at = _unacknowledged.IndexOf(message);
        _unacknowledged[at] = message with { Epoch = Epoch, FirstSeq = _nextSeq[who] };
        _nextSeq[who] += message.Count;
    }

    /// <summary>Forgets what was acknowledged; false where it was before.</summary>
    public bool Acknowledge(Measurement message)
    {
        if (!_unacknowledged.Exists(m => IsSame(m, message.Publisher, message.First)))
        {
            return false;
        }

        Write($"a {(int)message.Publisher} {message.First}");
        return true;
    }

    /// <summary>True the first time for each command.</summary>
    public bool TryDo(string command)
    {
        if (_done.Contains(command))
        {
            return false;
        }

        Write($"x {command}");
        return true;
    }

    /// <summary>True where a command was done.</summary>
    public bool HasDone(string command) => _done.Contains(command);

    public void Dispose()
    {
        _lines.Dispose();
        _file.Dispose();
    }

    private void Write(string line)
    {
        _lines.WriteLine(line);
        Replay(line.Split(' '));
    }

    private void Replay(string[] line)
    {
        long Number(int at) => long.Parse(line[at], CultureInfo.InvariantCulture);
        switch (line[0])
        {
            case "e":
                Epoch = Number(1);
                _nextSeq.AsSpan().Fill(1);
                break;
            case "m":
                Publisher publisher = (Publisher)Number(1);
                Measurement message =
                    new(publisher, Number(2), (int)Number(3), Number(4), Number(5), Number(6));
                _unacknowledged.Add(message);
                _nextNumber[(int)publisher] = message.Last + 1;
                _nextSeq[(int)publisher] = message.FirstSeq + message.Count;
                LastLiveTime = publisher == Publisher.Live
                    ? message.Time(message.Count - 1)
                    : LastLiveTime;
                break;
            case "a":
                _unacknowledged.RemoveAll(m => IsSame(m, (Publisher)Number(1), Number(2)));
                break;
            case "x":
                _done.Add(line[1]);
                break;
            default:
                break;
        }
    }

    private static bool IsSame(Measurement message, Publisher publisher, long first) =>
        message.Publisher == publisher && message.First == first;
}
