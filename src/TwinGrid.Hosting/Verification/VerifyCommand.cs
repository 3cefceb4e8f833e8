using System.Data.Common;
using System.Globalization;
using TwinGrid.Hosting.Startup;
using TwinGrid.Twins.History;

namespace TwinGrid.Hosting.Verification;

/// <summary>
/// Reads a whole store and its definitions, folds its logs again where that is asked for, says on one writer what is
/// damaged and how it ended, and on another how far it is.
/// </summary>
internal sealed class VerifyCommand(TimeProvider clock, TextWriter output, TextWriter progress)
{
    /// <summary>All is as it was written.</summary>
    public const int Intact = 0;

    /// <summary>Something is damaged.</summary>
    public const int Damaged = 1;

    /// <summary>It could not be told.</summary>
    public const int NotRead = 2;

    /// <summary>Lines about damages; further ones are counted.</summary>
    private const int MostLines = 1_000;

    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(2);

    private readonly StoreTally _tally = new();
    private LogRefold? _refold;

    /// <summary>Reads it.</summary>
    /// <param name="open">Gives the store; may fail as the reading may.</param>
    /// <param name="verifyDefinitions">Gives what is damaged of the definitions.</param>
    /// <param name="openLogs">Gives what folds logs again; null where that is not asked for.</param>
    /// <param name="twin">The id of the one twin whose log is folded again, alone; null for all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(
        Func<ITwinStore> open,
        Func<Task<IAsyncEnumerable<StoreDamage>>> verifyDefinitions,
        Func<Task<LogRefold>>? openLogs,
        string? twin,
        CancellationToken cancellationToken)
    {
        using ITimer timer = clock.CreateTimer(_ => ShowProgress(), null, ProgressEvery, ProgressEvery);
        try
        {
            TwinId? only = Only(twin, openLogs is not null);
            long damages = only is null ? await ReadAllAsync(open(), verifyDefinitions, cancellationToken) : 0;
            damages += openLogs is null ? 0 : await RefoldAsync(await openLogs(), only, cancellationToken);
            return damages == 0 ? Intact : Damaged;
        }
        catch (Exception e) when (StartFailure.Explain(e) is { Count: > 0 } lines)
        {
            foreach (string line in lines)
            {
                await progress.WriteLineAsync($"twingrid: {line}");
            }

            return NotRead;
        }
        catch (NotSupportedException e)
        {
            await progress.WriteLineAsync($"twingrid: {e.Message}");
            return NotRead;
        }
    }

    private static TwinId? Only(string? twin, bool refolds)
    {
        if (twin is null)
        {
            return null;
        }

        if (!refolds)
        {
            throw new TwinGridException("--twin names whose log is folded again: it goes with --refold.");
        }

        return TwinId.TryParse(twin, out TwinId id)
            ? id
            : throw new TwinGridException($"--twin {twin} is no id of a twin: write --twin kind/key.");
    }

    private async Task<long> ReadAllAsync(
        ITwinStore store,
        Func<Task<IAsyncEnumerable<StoreDamage>>> verifyDefinitions,
        CancellationToken cancellationToken)
    {
        long start = clock.GetTimestamp();
        long damages = await TellAsync(store.VerifyAsync(_tally, cancellationToken));
        try
        {
            damages += await TellAsync(await verifyDefinitions());
        }
        catch (DbException e) when (damages > 0)
        {
            // Of a file that was just told as damaged.
            await progress.WriteLineAsync($"twingrid: the definitions cannot be read: {e.Message}");
        }

        string end = damages switch { 0 => "all intact", 1 => "1 damage", _ => $"{damages} damages" };
        string megabytes = string.Create(CultureInfo.InvariantCulture, $"{_tally.Bytes / 1048576.0:0.0} MiB");
        await output.WriteLineAsync($"{Counts()}, {megabytes} read in {Seconds(start)} s: {end}");
        return damages;
    }

    private async Task<long> RefoldAsync(LogRefold refold, TwinId? only, CancellationToken cancellationToken)
    {
        _refold = refold;
        long start = clock.GetTimestamp();
        long mismatches = await TellAsync(refold.RunAsync(only, cancellationToken));
        string end = mismatches switch { 0 => "all equal", 1 => "1 mismatch", _ => $"{mismatches} mismatches" };
        await output.WriteLineAsync($"{Refolded(refold)}, in {Seconds(start)} s: {end}");
        return mismatches;
    }

    private string Seconds(long start) =>
        clock.GetElapsedTime(start).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);

    private async Task<long> TellAsync(IAsyncEnumerable<StoreDamage> all)
    {
        long damages = 0;
        HashSet<string> remedies = new(StringComparer.Ordinal);
        await foreach (StoreDamage damage in all)
        {
            if (++damages <= MostLines)
            {
                remedies.Add(damage.Remedy);
                await output.WriteLineAsync($"damaged: {damage}");
            }
        }

        if (damages > MostLines)
        {
            await output.WriteLineAsync($"damaged: {damages - MostLines} more");
        }

        foreach (string remedy in remedies)
        {
            await output.WriteLineAsync($"what to do: {remedy}");
        }

        return damages;
    }

    private void ShowProgress() => progress.WriteLine(
        $"twingrid: so far {(_refold is { } refold ? Refolded(refold) : Counts())}");

    private static string Refolded(LogRefold refold) => string.Create(
        CultureInfo.InvariantCulture,
        $"{refold.Twins:N0} twins and {refold.Turns:N0} turns folded again, {refold.States:N0} states compared, "
        + $"{refold.OtherFold:N0} twins skipped in part for another fold version");

    private string Counts()
    {
        string sealedParts = _tally.Segments == 0
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture, $", {_tally.Segments:N0} segments, {_tally.Blocks:N0} history blocks");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{_tally.Twins:N0} twins, {_tally.Turns:N0} turns, {_tally.Snapshots:N0} snapshots, "
            + $"{_tally.Sessions:N0} sessions{sealedParts}, {_tally.Files:N0} databases");
    }
}
