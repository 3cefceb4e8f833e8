using System.Diagnostics;

namespace TwinGrid.FaultTests.Checking;

/// <summary>
/// C8: what is wanted once is done at most once, is neither given to its device nor done after its time, and comes to
/// the end that became of it: what is accepted was done once, or expired, or was called back.
/// </summary>
internal sealed class CommandChecker(CommandHistory history, Verdict verdict)
{
    // The grid gives nothing to a device after its time; a device may go by a clock that is 2 s off. Here all clocks
    // are one, and the 2 s are for a machine that is busy between the gateway's look at the clock and the device's.
    private static readonly TimeSpan Allowance = TimeSpan.FromSeconds(2);

    // What was held on a link comes when TCP tries again, which is at most as long after a disturbance as that lasted
    // (RFC 6298, section 5.5: the timer is doubled), and what a slow link holds is at most 2 s.
    private static readonly TimeSpan HeldBy = TimeSpan.FromSeconds(3);

    private readonly ILookup<long, Execution> _done =
        history.Executions.ToLookup(static execution => execution.Number);

    private readonly ILookup<string, Answer> _answers =
        history.Answers.ToLookup(static answer => answer.Id, StringComparer.Ordinal);

    /// <summary>Where a command does not move any more.</summary>
    public static IReadOnlyList<string> Ends { get; } = ["succeeded", "expired", "cancelled"];

    /// <summary>Judges all commands.</summary>
    public void Judge()
    {
        foreach (Intention intention in history.Intentions)
        {
            int times = _done[intention.Number].Count();
            verdict.DoubleCommand(times - 1, $"{Words(intention)} was done {times} times");
            if (intention.Id is { } id)
            {
                JudgeEnd(intention, id, times);
            }
        }

        // The device looks at the same clock just before: no allowance.
        foreach (Execution late in history.Executions.Where(static e => e.At > e.ExpiresAt))
        {
            verdict.ExecuteExpired(
                $"command {late.Number} was done {(late.At - late.ExpiresAt).TotalSeconds:0.0} s after its time");
        }

        foreach (Receipt late in history.Receipts.Where(r => r.At > r.ExpiresAt + Allowance && !WasHeld(r)))
        {
            verdict.ReceiveExpired(
                $"command {late.Number} was given to its device by gateway {late.Gateway} "
                + $"{(late.At - late.ExpiresAt).TotalSeconds:0.0} s after its time, on a link that nothing disturbed");
        }
    }

    private void JudgeEnd(Intention intention, string id, int times)
    {
        if (!Ends.Contains(intention.Status))
        {
            verdict.LoseCommand($"{Words(intention)}, {id}, is {intention.Status ?? "gone"}");
            return;
        }

        if (intention.Status == "succeeded" && times == 0)
        {
            verdict.LoseCommand($"{Words(intention)} succeeded and its device did nothing");
        }

        if (intention.CalledBack is not null && intention.Status != "cancelled")
        {
            verdict.MisendCommand($"{Words(intention)} was told to be called back and {intention.Status}");
        }

        if (intention.Status == "cancelled")
        {
            JudgeCancelled(intention, times);
        }
        else if (intention.Status != "succeeded" && _answers[id].Any(static answer => answer.At < answer.ExpiresAt))
        {
            // Acknowledged is committed: from then on no clock and no failover takes it back.
            verdict.MisendCommand(
                $"{Words(intention)} is {intention.Status}, and its device's answer was acknowledged before its time "
                + "was over");
        }
    }

    // What a process that died had sent and not heard of, nobody knows.
    private void JudgeCancelled(Intention intention, int times)
    {
        if (!intention.IsRegretted)
        {
            verdict.MisendCommand($"{Words(intention)} was called back and nobody asked for it");
        }

        long until = intention.CalledBack ?? long.MaxValue;
        bool mayBeUnknown = history.Disturbances.Any(fault =>
            fault.MayEndProcess && fault.From <= until && fault.Recovered >= intention.Wanted);
        if (times > 0 && !mayBeUnknown)
        {
            verdict.MisendCommand($"{Words(intention)} was called back and done, and no process had died");
        }
    }

    // Only what came on a connection that was there before the fault was over.
    private bool WasHeld(Receipt receipt) => history.Disturbances.Any(fault =>
        fault.HoldsDevices && fault.Victim == receipt.Gateway && receipt.Heard >= fault.From
        && receipt.Connected <= fault.To
        && Stopwatch.GetElapsedTime(fault.To, receipt.Heard)
            <= Stopwatch.GetElapsedTime(fault.From, fault.To) + HeldBy);

    private static string Words(Intention intention) => $"command {intention.Number} of {intention.Twin}";
}
