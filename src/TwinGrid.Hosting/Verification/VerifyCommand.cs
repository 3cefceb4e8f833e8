using System.Globalization;
using TwinGrid.Hosting.Startup;

namespace TwinGrid.Hosting.Verification;

/// <summary>
/// Reads a whole store, says on one writer what is damaged and how it ended, and on another how far it is.
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

    /// <summary>Reads it.</summary>
    /// <param name="open">Gives the store; may fail as the reading may.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(Func<ITwinStore> open, CancellationToken cancellationToken)
    {
        long start = clock.GetTimestamp();
        using ITimer timer = clock.CreateTimer(_ => ShowProgress(), null, ProgressEvery, ProgressEvery);
        try
        {
            long damages = await ReadAsync(open(), cancellationToken);
            string read = string.Create(
                CultureInfo.InvariantCulture,
                $"{Counts()}, {_tally.Bytes / 1048576.0:0.0} MiB read in "
                + $"{clock.GetElapsedTime(start).TotalSeconds:0.0} s");
            string end = damages switch { 0 => "all intact", 1 => "1 damage", _ => $"{damages} damages" };
            await output.WriteLineAsync($"{read}: {end}");
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

    private async Task<long> ReadAsync(ITwinStore store, CancellationToken cancellationToken)
    {
        long damages = 0;
        HashSet<string> remedies = new(StringComparer.Ordinal);
        await foreach (StoreDamage damage in store.VerifyAsync(_tally, cancellationToken))
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
        string.Create(CultureInfo.InvariantCulture, $"twingrid: so far {Counts()}"));

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
