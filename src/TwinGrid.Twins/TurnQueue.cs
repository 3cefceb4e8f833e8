using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins;

/// <summary>
/// The messages that a twin has taken from its inbox: those of the turn under way with what the fold answered each,
/// then those of later turns. The same lists serve every turn. Runs on the activation's scheduler.
/// </summary>
internal sealed class TurnQueue(ILogger logger)
{
    /// <summary>Inputs of one turn, bytes; the rest waits for the next.</summary>
    private const int MostInputBytes = 1 << 20;

    /// <summary>
    /// Lists that grew beyond this are given up when they are empty: most twins never need them again. They are not
    /// of a shared pool: as many are out as there are commits under way, which is more than a pool keeps.
    /// </summary>
    private const int MostKept = 1_024;

    private List<IngestMessage> _messages = [];
    private InputAnswer[] _answers = [];

    /// <summary>How many messages the turn under way has.</summary>
    public int InTurn { get; private set; }

    /// <summary>True when nothing waits and no turn is under way.</summary>
    public bool IsEmpty => _messages.Count == 0;

    /// <summary>All of them, in order.</summary>
    public ReadOnlySpan<IngestMessage> Messages => CollectionsMarshal.AsSpan(_messages);

    /// <summary>Takes all that waits in the inbox.</summary>
    public void TakeFrom(TwinInbox inbox) => inbox.TakeInto(ref _messages);

    /// <summary>Begins a turn with what waits, up to a turn's size.</summary>
    /// <returns>How many bytes of inputs it has.</returns>
    public int Begin()
    {
        int bytes = 0;
        while (InTurn < _messages.Count && (InTurn == 0 || bytes < MostInputBytes))
        {
            bytes += _messages[InTurn++].Inputs.Length;
        }

        if (_answers.Length < InTurn)
        {
            _answers = new InputAnswer[Math.Max(InTurn, 2 * _answers.Length)];
        }

        return bytes;
    }

    /// <summary>Notes what the fold answered to a message of the turn.</summary>
    public void Answered(int index, in InputAnswer answer) => _answers[index] = answer;

    /// <summary>Ends the turn with one status for all of it, and tells every sender.</summary>
    public void Finish(IngestStatus status, long revision)
    {
        for (int i = 0; i < InTurn; i++)
        {
            FinishOne(i, status, revision);
        }

        EndTurn();
    }

    /// <summary>
    /// Tells the senders of messages that they are applied; the calls of the turn still wait for its commit, what
    /// they promise is durable.
    /// </summary>
    public void FinishMessages(long revision)
    {
        int calls = 0;
        for (int i = 0; i < InTurn; i++)
        {
            if (_messages[i] is TwinCall call)
            {
                (_messages[calls], _answers[calls]) = (call, _answers[i]);
                calls++;
            }
            else
            {
                FinishOne(i, IngestStatus.Accepted, revision);
            }
        }

        if (calls == 0)
        {
            EndTurn();
            return;
        }

        _messages.RemoveRange(calls, InTurn - calls);
        _answers.AsSpan(calls, InTurn - calls).Clear();
        InTurn = calls;
    }

    /// <summary>Ends all that waits with one status; there is no turn under way.</summary>
    public void FinishAll(IngestStatus status, long revision)
    {
        foreach (IngestMessage message in Messages)
        {
            message.Finish(new IngestResult(status, revision), logger);
        }

        _messages = [];
    }

    /// <summary>Ends a turn of which nothing is kept: one message is refused, the others wait again.</summary>
    public void Refuse(int index, IngestStatus status, long revision)
    {
        IngestMessage refused = _messages[index];
        EndFold();
        _messages.RemoveAt(index);
        refused.Finish(new IngestResult(status, revision), logger);
    }

    /// <summary>Ends a turn of which nothing is kept: all its messages wait again.</summary>
    public void Undo() => EndFold();

    /// <summary>Gives away what is not in the turn under way.</summary>
    public List<IngestMessage> GiveAway()
    {
        List<IngestMessage> waiting = _messages[InTurn..];
        _messages.RemoveRange(InTurn, waiting.Count);
        return waiting;
    }

    private void FinishOne(int index, IngestStatus status, long revision)
    {
        IngestMessage message = _messages[index];
        ref InputAnswer answer = ref _answers[index];
        if (message is TwinCall call)
        {
            call.Answer = answer;
        }

        message.Finish(
            status == IngestStatus.Accepted
                ? new IngestResult(status, revision, answer.Applied, answer.Seen, answer.Dropped)
                : new IngestResult(status, revision),
            logger);
    }

    private void EndTurn()
    {
        _messages.RemoveRange(0, InTurn);
        EndFold();
        if (_messages.Count == 0 && _messages.Capacity > MostKept)
        {
            _messages = [];
            _answers = [];
        }
    }

    private void EndFold()
    {
        _answers.AsSpan(0, InTurn).Clear();
        InTurn = 0;
    }
}
