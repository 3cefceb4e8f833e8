using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using TwinGrid.FaultTests.Checking;
using TwinGrid.FaultTests.Mutants;

namespace TwinGrid.FaultTests.People;

/// <summary>
/// Operators who want things done: each asks for a command until a silo says that it is accepted, any silo, always
/// with the same Idempotency-Key. Of some they think better, and call them back until a silo says what became of that.
/// </summary>
internal sealed class Operators(
    IReadOnlyList<Uri> silos,
    IReadOnlyList<string> twins,
    CommandHistory history,
    TimeSpan over,
    int seed,
    Mutant mutant)
    : IAsyncDisposable
{
    // A twin remembers 128 commands with a key, for a day.
    private const int MostPerTwin = 100;
    private const int Count = 2;

    // One in so many is called back, at most so much later.
    private const int RegretEvery = 3;
    private const int RegretWithin = 500;

    private static readonly TimeSpan LeastBetween = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(1_500);
    private static readonly string[] Expiries = ["1s", "8s", "20s"];

    private readonly CancellationTokenSource _stopping = new();
    private readonly HttpClient[] _silos =
        [.. silos.Select(static web => new HttpClient { BaseAddress = web, Timeout = Patience })];

    // So that what twins remember lasts for the whole run.
    private readonly TimeSpan _between =
        TimeSpan.FromTicks(Math.Max(LeastBetween.Ticks, over.Ticks * Count / (twins.Count * MostPerTwin)));

    private Task _working = Task.CompletedTask;
    private long _retries;
    private int _asked;

    /// <summary>Times that a request was sent again.</summary>
    public long Retries => _retries;

    /// <summary>Begins.</summary>
    public void Start() => _working = Task.WhenAll(
        Enumerable.Range(0, Count).Select(index => Task.Run(() => WorkAsync(index))));

    /// <summary>No new commands; ends when those that are wanted were accepted, or it is too late for them.</summary>
    public async Task FinishAsync()
    {
        await _stopping.CancelAsync();
        await _working;
    }

    /// <summary>Asks where every accepted command stands.</summary>
    /// <returns>How many have not come to an end.</returns>
    public async Task<int> AskAsync()
    {
        Intention[] open = [.. history.Intentions.Where(static i => i.Id is not null && !HasEnded(i))];
        foreach (Intention intention in open)
        {
            try
            {
                HttpClient silo = _silos[_asked++ % _silos.Length];
                using HttpResponseMessage answer =
                    await silo.GetAsync($"/api/v1/twins/{intention.Twin}/commands/{intention.Id}");
                using JsonDocument? body = answer.StatusCode == HttpStatusCode.OK
                    ? JsonDocument.Parse(await answer.Content.ReadAsStringAsync())
                    : null;
                intention.Status = body?.RootElement.GetProperty("status").GetString();
            }
            catch (Exception e) when (IsNotYet(e))
            {
                // Who asks has patience, and asks again from the first that is open.
                break;
            }
        }

        return open.Count(static intention => !HasEnded(intention));
    }

    public async ValueTask DisposeAsync()
    {
        await FinishAsync();
        foreach (HttpClient silo in _silos)
        {
            silo.Dispose();
        }

        _stopping.Dispose();
    }

    private async Task WorkAsync(int index)
    {
#pragma warning disable CA5394 // Nothing here is a secret.
        Random random = new(HashCode.Combine(seed, index, "operator"));
        Dictionary<string, int> asked = [];
        while (!_stopping.IsCancellationRequested)
        {
            string twin = twins[random.Next(twins.Count)];
            if (asked.GetValueOrDefault(twin) < MostPerTwin / Count)
            {
                asked[twin] = asked.GetValueOrDefault(twin) + 1;
                Intention intention = history.Want(twin, Stopwatch.GetTimestamp());
                await InsistAsync(intention, Expiries[random.Next(Expiries.Length)], random);
                if (intention.Id is not null && random.Next(RegretEvery) == 0)
                {
                    await Task.Delay(random.Next(RegretWithin));
                    await CallBackAsync(intention, random);
                }
            }

            try
            {
                await Task.Delay(_between, _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    // A minute is long after every fault; who is not heard until then never learns whether it was accepted.
    private async Task InsistAsync(Intention intention, string expiresIn, Random random)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(1));
        string key = $"intention-{seed}-{intention.Number}";
        for (int attempt = 0; !patience.IsCancellationRequested; attempt++)
        {
            HttpClient silo = _silos[random.Next(_silos.Length)];
            string once = mutant == Mutant.NewCommandId ? $"{key}-{attempt}" : key;
            if (await TryAskAsync(silo, intention, expiresIn, once))
            {
                return;
            }

            Interlocked.Increment(ref _retries);
            await Task.Delay(AfterFailure);
        }
    }

    private async Task CallBackAsync(Intention intention, Random random)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(1));
        intention.IsRegretted = true;
        while (!patience.IsCancellationRequested)
        {
            HttpClient silo = _silos[random.Next(_silos.Length)];
            try
            {
                using HttpResponseMessage answer = await silo.PostAsync(
                    $"/api/v1/twins/{intention.Twin}/commands/{intention.Id}/cancel", null);
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    intention.CalledBack = Stopwatch.GetTimestamp();
                    return;
                }

                if (answer.StatusCode == HttpStatusCode.Conflict)
                {
                    // Its device has it, or it has ended.
                    return;
                }
            }
            catch (Exception e) when (IsNotYet(e))
            {
                // Whether it was called back is seen in the end; it is asked for once more.
            }

            Interlocked.Increment(ref _retries);
            await Task.Delay(AfterFailure);
        }
#pragma warning restore CA5394
    }

    private static bool HasEnded(Intention intention) => CommandChecker.Ends.Contains(intention.Status);

    private static bool IsNotYet(Exception e) =>
        e is HttpRequestException or OperationCanceledException or IOException or JsonException;

    private static async Task<bool> TryAskAsync(HttpClient silo, Intention intention, string expiresIn, string key)
    {
        using HttpRequestMessage request = new(
            HttpMethod.Post, $"/api/v1/twins/{intention.Twin}/commands/adjust?expiresIn={expiresIn}");
        request.Headers.Add("Idempotency-Key", key);
        request.Content = new StringContent($$"""{"n":{{intention.Number}}}""", Encoding.UTF8, "application/json");
        try
        {
            using HttpResponseMessage answer = await silo.SendAsync(request);
            if (answer.StatusCode != HttpStatusCode.Accepted)
            {
                return false;
            }

            using JsonDocument body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            intention.Id = body.RootElement.GetProperty("id").GetString();
            return true;
        }
        catch (Exception e) when (IsNotYet(e))
        {
            return false;
        }
    }
}
