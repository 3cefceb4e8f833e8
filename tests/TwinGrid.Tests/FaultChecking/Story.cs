using TwinGrid.FaultTests.Checking;

namespace TwinGrid.Tests.FaultChecking;

/// <summary>
/// What a run of one twin left behind, made up: ten messages of three readings, each acknowledged, logged in a turn of
/// its own and read; the third was sent twice; one late reading; two commands. All is well until a test spoils it.
/// Times count up from 1, a hundred for each message.
/// </summary>
internal sealed class Story
{
    private const string Twin = "asset/d000";
    private const int Messages = 10;
    private const int Readings = 3;
    private const long Start = 1_000_000;

    public Story()
    {
        for (int i = 0; i < Messages; i++)
        {
            Measurement message = Message(i);
            long at = At(i);
            History.Attempt(message, at);
            History.Acknowledge(message, at + 50);
            Log.Add(Turn(Log.Count + 1, message));
            if (i == 2)
            {
                Log.Add(Turn(Log.Count + 1, message));
            }

            History.Read(Seen(at + 60, i, Log.Count));
        }

        Measurement late = new(Publisher.Late, 1, 1, 1, 1, Start);
        History.Attempt(late, At(Messages));
        History.Acknowledge(late, At(Messages) + 50);
        Log.Add(Turn(Log.Count + 1, late));
        long sum = Enumerable.Range(1, Messages * Readings).Sum() - 1;
        Final = new FinalTwin(Log.Count, Messages * Readings, Messages * Readings, (Messages + 1) * Readings + 1, 3)
        {
            HistoryCount = (Messages * Readings) + 1,
            HistorySum = sum,
        };
        Acknowledge(Command("succeeded", isDone: true), late: TimeSpan.FromSeconds(-1));
        Command("expired", isDone: false);
        Command("cancelled", isDone: false).IsRegretted = true;
    }

    public TwinHistory History { get; } = new(Twin);

    public List<LoggedTurn> Log { get; } = [];

    public FinalTwin? Final { get; set; }

    public CommandHistory Commands { get; } = new();

    /// <summary>When the n-th message was sent; it was acknowledged 50 later and read 60 to 70 later.</summary>
    public static long At(int message) => (message + 1) * 100;

    /// <summary>The n-th message of the device.</summary>
    public static Measurement Message(int n) => new(
        Publisher.Live, (n * Readings) + 1, Readings, Epoch: 1, (n * Readings) + 1,
        Start + ((n + 1) * Readings * Measurement.Step));

    /// <summary>A read that shows all up to the n-th message.</summary>
    public static SeenRead Seen(long invoked, int message, long revision) => new(
        invoked, invoked + 10, revision, Message(message).Last, Message(message).Last, Durable: true);

    /// <summary>A turn with a message as the gateway packs it.</summary>
    public static LoggedTurn Turn(long revision, Measurement message)
    {
        ReadingWriter writer = new();
        for (int i = 0; i < message.Count; i++)
        {
            writer.BeginMessage(new MessageHeader
            {
                Received = message.Time(i) + 1,
                Source = message.Publisher == Publisher.Live ? Sources.Live : Sources.Late,
                Epoch = message.Epoch,
                Seq = message.FirstSeq + i,
                Time = message.Time(i),
            });
            writer.Number(ReferenceTwin.Telemetry, message.Value(i));
            writer.EndMessage();
        }

        return new LoggedTurn(revision, writer.Written.ToArray());
    }

    /// <summary>Somebody wanted something.</summary>
    public Intention Command(string? status, bool isDone)
    {
        Intention intention = Commands.Want(Twin, At(Messages));
        intention.Id = $"id-{intention.Number}";
        intention.Status = status;
        if (isDone)
        {
            Do(intention, late: TimeSpan.FromSeconds(-1));
        }

        return intention;
    }

    /// <summary>A device did it, so long after its time.</summary>
    public void Do(Intention intention, TimeSpan late) => Commands.Execute(new Execution(
        intention.Id!, intention.Number, DateTimeOffset.UnixEpoch + late, DateTimeOffset.UnixEpoch));

    /// <summary>The grid acknowledged what a device said of it, so long after its time.</summary>
    public void Acknowledge(Intention intention, TimeSpan late) =>
        Commands.Acknowledge(new Answer(intention.Id!, DateTimeOffset.UnixEpoch + late, DateTimeOffset.UnixEpoch));

    /// <summary>A device was given it, so long after its time, on a connection that began at a moment.</summary>
    public void Receive(Intention intention, TimeSpan late, long connected, long heard) => Commands.Receive(new Receipt(
        intention.Number, DateTimeOffset.UnixEpoch + late, DateTimeOffset.UnixEpoch, Gateway: 2, connected, heard));

    /// <summary>Numbers the turns from 1 without a gap.</summary>
    public void Renumber()
    {
        for (int i = 0; i < Log.Count; i++)
        {
            Log[i] = Log[i] with { Revision = i + 1 };
        }
    }

    /// <summary>What the checker says.</summary>
    public Verdict Judge()
    {
        Verdict verdict = new();
        new TwinChecker(History, verdict).Judge(Log, Final);
        new CommandChecker(Commands, verdict).Judge();
        return verdict;
    }
}
