using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using TwinGrid.FaultTests.Checking;
using TwinGrid.FaultTests.Mutants;

namespace TwinGrid.FaultTests.People;

/// <summary>
/// Readers of twins over HTTP. Each silo has some of its own who stay with it whatever becomes of it, so that one that
/// wakes as a zombie is asked by those who waited for it.
/// </summary>
internal sealed class Readers(IReadOnlyList<Uri> silos, IReadOnlyList<TwinHistory> twins, int seed, Mutant mutant)
    : IAsyncDisposable
{
    private const int PerSilo = 3;

    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(80);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Cached = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, (TwinView View, long At)> _cache = new(StringComparer.Ordinal);
    private Task _reading = Task.CompletedTask;
    private long _answered;
    private long _notDurable;
    private long _refused;
    private long _unknown;

    /// <summary>Reads that were answered.</summary>
    public long Answered => _answered;

    /// <summary>Those that said themselves that they may not survive.</summary>
    public long NotDurable => _notDurable;

    /// <summary>Those that said that there is no such twin.</summary>
    public long Unknown => _unknown;

    /// <summary>Reads that were not answered, or with an error.</summary>
    public long Refused => _refused;

    /// <summary>Begins.</summary>
    public void Start() => _reading = Task.WhenAll(
        Enumerable.Range(0, silos.Count * PerSilo).Select(reader => Task.Run(() => ReadAsync(reader))));

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _reading;
        _stopping.Dispose();
    }

    private async Task ReadAsync(int reader)
    {
#pragma warning disable CA5394 // Nothing here is a secret.
        Random random = new(HashCode.Combine(seed, reader));
        int silo = reader % silos.Count;
        using HttpClient http = new() { BaseAddress = silos[silo], Timeout = Patience };
        while (!_stopping.IsCancellationRequested)
        {
            bool answered = await TryReadAsync(http, silo, twins[random.Next(twins.Count)]);
            try
            {
                await Task.Delay(answered ? Between : AfterFailure, _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
#pragma warning restore CA5394
    }

    private async Task<bool> TryReadAsync(HttpClient http, int silo, TwinHistory twin)
    {
        long invoked = Stopwatch.GetTimestamp();
        try
        {
            if (await AskAsync(http, twin.Twin) is not { } view)
            {
                Interlocked.Increment(ref _refused);
                return false;
            }

            Interlocked.Increment(ref _answered);
            Interlocked.Add(ref _notDurable, view.Durable ? 0 : 1);
            Interlocked.Add(ref _unknown, view == TwinView.Unknown ? 1 : 0);
            twin.Read(new SeenRead(
                invoked, Stopwatch.GetTimestamp(), view.Revision, view.Number, view.Count, view.Durable, silo + 1));
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException
            or JsonException)
        {
            Interlocked.Increment(ref _refused);
            return false;
        }
    }

    private async Task<TwinView?> AskAsync(HttpClient http, string twin)
    {
        if (mutant == Mutant.StaleRead && _cache.TryGetValue(twin, out (TwinView View, long At) cached)
            && Stopwatch.GetElapsedTime(cached.At) < Cached)
        {
            return cached.View;
        }

        using HttpResponseMessage answer = await http.GetAsync($"/api/v1/twins/{twin}", _stopping.Token);
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            // Says as much as any other answer: nothing was committed of this twin.
            return TwinView.Unknown;
        }

        if (answer.StatusCode != HttpStatusCode.OK)
        {
            return null;
        }

        await using Stream body = await answer.Content.ReadAsStreamAsync(_stopping.Token);
        TwinView view = await TwinView.ReadAsync(body, _stopping.Token);
        _cache[twin] = (view, Stopwatch.GetTimestamp());
        return view;
    }
}
