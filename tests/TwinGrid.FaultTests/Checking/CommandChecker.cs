namespace TwinGrid.FaultTests.Checking;

/// <summary>C8: what was wanted once is done at most once, never after its time, and comes to an end.</summary>
internal static class CommandChecker
{
    private static readonly string[] Ends = ["succeeded", "expired"];

    /// <summary>Judges all commands.</summary>
    public static void Judge(CommandHistory history, Verdict verdict)
    {
        ILookup<long, Execution> done = history.Executions.ToLookup(static execution => execution.Number);
        foreach (Intention intention in history.Intentions)
        {
            int times = done[intention.Number].Count();
            verdict.DoubleCommand(times - 1, $"command {intention.Number} of {intention.Twin} was done {times} times");
            if (intention.Id is null)
            {
                continue;
            }

            if (!Ends.Contains(intention.Status))
            {
                verdict.LoseCommand(
                    $"command {intention.Number} of {intention.Twin}, {intention.Id}, is {intention.Status ?? "gone"}");
            }
            else if (intention.Status == "succeeded" && times == 0)
            {
                verdict.LoseCommand(
                    $"command {intention.Number} of {intention.Twin} succeeded and its device did nothing");
            }
        }

        // A device's clock may be 2 s off; here devices and grid share one, so what is late was late.
        foreach (Execution late in history.Executions.Where(static e => e.At > e.ExpiresAt))
        {
            verdict.ExecuteExpired(
                $"command {late.Number} was done {(late.At - late.ExpiresAt).TotalSeconds:0.0} s after its time");
        }
    }
}
