using System.Text;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Simulation;

/// <summary>
/// Judges that messages of one twin keep the order in which a gateway took them, and that none passes one that was
/// refused before its sender could hear so: who sends without waiting takes a refusal for all that it sent later.
/// </summary>
internal sealed class OrderLedger(Journal journal, Action<bool, string> check)
{
    private readonly Dictionary<(TwinId, Identity, long), int> _places = [];

    /// <summary>The next turn of a twin's log.</summary>
    public void Take(TwinTurn turn)
    {
        InputReader inputs = new(turn.Inputs.Span[TurnHeader.Size..]);
        while (inputs.Next())
        {
            if (inputs.Kind == InputKind.Readings)
            {
                ReadingsReader message = inputs.Readings();
                message.Next();
                Identity reading = new(Encoding.UTF8.GetString(message.Source), message.Epoch, message.Seq);
                _places.TryAdd((turn.Twin, reading, inputs.Received), _places.Count);
            }
        }
    }

    public void Judge()
    {
        foreach (IGrouping<(TwinId Twin, int Silo), Arrival> road in journal.Arrivals.GroupBy(a => (a.Twin, a.Silo)))
        {
            JudgeAnswers([.. road]);
        }

        // Copies of one reading that came in the same microsecond cannot be told apart in the log.
        IEnumerable<Arrival> known = journal.Arrivals.Where(arrival => arrival.Reading is not null)
            .GroupBy(arrival => (arrival.Twin, arrival.Reading, arrival.Received))
            .Where(copies => copies.Count() == 1)
            .Select(copies => copies.Single());
        foreach (IGrouping<(TwinId Twin, int Silo), Arrival> road in known.GroupBy(a => (a.Twin, a.Silo)))
        {
            JudgeLog(road.OrderBy(arrival => arrival.At));
        }
    }

    private void JudgeLog(IEnumerable<Arrival> inOrder)
    {
        int last = -1;
        foreach (Arrival arrival in inOrder)
        {
            if (_places.TryGetValue((arrival.Twin, arrival.Reading!.Value, arrival.Received), out int place))
            {
                check(place > last, $"C4 {arrival} was overtaken on its way to the log");
                last = place;
            }
        }
    }

    private void JudgeAnswers(Arrival[] inOrder)
    {
        foreach (Arrival refused in inOrder.Where(arrival => arrival.Answer == IngestStatus.Unavailable))
        {
            Arrival? passed = Array.Find(inOrder, arrival => arrival.Answer == IngestStatus.Accepted
                && arrival.AnsweredAt < int.MaxValue && arrival.At > refused.At && arrival.At < refused.AnsweredAt);
            check(passed is null, $"C4 {refused} was refused and overtaken by {passed}");
        }
    }
}
