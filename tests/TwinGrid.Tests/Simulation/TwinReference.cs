namespace TwinGrid.Tests.Simulation;

/// <summary>What a silo's grain factory gives for a twin.</summary>
internal sealed class TwinReference(SimulatedSilo silo, TwinId twin) : ITwin
{
    private static readonly TimeSpan s_usual = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_apply = TimeSpan.FromSeconds(10);

    public Task<TwinSnapshot?> GetAsync() => silo.CallAsync(twin, t => t.GetAsync(), s_usual);

    public Task<TwinSummary?> SummarizeAsync() => silo.CallAsync(twin, t => t.SummarizeAsync(), s_usual);

    public Task<IngestResult> ApplyAsync(byte[] inputs) => silo.CallAsync(twin, t => t.ApplyAsync(inputs), s_apply);

    public Task<CommandAnswer> SendAsync(
        string commandId, string name, RawJson args, TimeSpan? expiresIn, string? idempotencyKey) =>
        silo.CallAsync(twin, t => t.SendAsync(commandId, name, args, expiresIn, idempotencyKey), s_usual);

    public Task<CommandSnapshot?> GetCommandAsync(string commandId) =>
        silo.CallAsync(twin, t => t.GetCommandAsync(commandId), s_usual);

    public Task<CommandSnapshot?> WaitForCommandAsync(string commandId, TimeSpan wait) =>
        silo.CallAsync(twin, t => t.WaitForCommandAsync(commandId, wait), s_usual);

    public Task<AlarmSnapshot?> AcknowledgeAlarmAsync(string alarm, string by, string? note) =>
        silo.CallAsync(twin, t => t.AcknowledgeAlarmAsync(alarm, by, note), s_usual);

    public Task<bool> DeleteAsync(bool eraseHistory) =>
        silo.CallAsync(twin, t => t.DeleteAsync(eraseHistory), s_usual);

    public Task RedeliverAsync(string recipient) => silo.CallAsync(twin, t => Done(t.RedeliverAsync(recipient)), s_usual);

    public Task RepublishAsync(string recipient) => silo.CallAsync(twin, t => Done(t.RepublishAsync(recipient)), s_usual);

    private static async Task<bool> Done(Task call)
    {
        await call;
        return true;
    }
}
