using System.Diagnostics;
using System.Globalization;
using System.Net;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Cluster;

/// <summary>
/// A client of one twin that asks again and again, 20 times a second at most, and knows how long it was without an
/// answer. Every other one writes a reading and waits until it is committed, the others read.
/// </summary>
internal sealed class TwinProbe(string twin, bool writes)
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private long _lastAnswer = Stopwatch.GetTimestamp();
    private TimeSpan _longest;
    private long _answers;
    private volatile SiloProcess? _through;

    /// <summary>The twin.</summary>
    public string Twin => twin;

    /// <summary>Through which silo it asks from the next question on.</summary>
    public SiloProcess Through
    {
        set => _through = value;
    }

    /// <summary>How many answers it had.</summary>
    public long Answers => Interlocked.Read(ref _answers);

    /// <summary>The longest time between two answers since the last call, and up to now.</summary>
    public TimeSpan TakeLongest()
    {
        lock (_lock)
        {
            TimeSpan open = Stopwatch.GetElapsedTime(_lastAnswer);
            (TimeSpan longest, _longest) = (_longest > open ? _longest : open, TimeSpan.Zero);
            return longest;
        }
    }

    /// <summary>Asks until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using PeriodicTimer pace = new(Period);
        for (int n = 1; !stop.IsCancellationRequested; n++)
        {
            if (await AskAsync(n))
            {
                Answered();
            }

            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private async Task<bool> AskAsync(int n)
    {
        try
        {
            GridApi api = _through!.Api;
            if (writes)
            {
                string reading = string.Create(CultureInfo.InvariantCulture, $$"""{"vibration":{{n % 10}}}""");
                return (await api.PostTelemetryAsync(twin, reading)).Status == HttpStatusCode.NoContent;
            }

            return await api.StatusAsync($"/api/v1/twins/{twin}") == 200;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or ObjectDisposedException)
        {
            return false;
        }
    }

    private void Answered()
    {
        Interlocked.Increment(ref _answers);
        lock (_lock)
        {
            TimeSpan gap = Stopwatch.GetElapsedTime(_lastAnswer);
            _longest = gap > _longest ? gap : _longest;
            _lastAnswer = Stopwatch.GetTimestamp();
        }
    }
}

/// <summary>Probes of several twins, half of which write and half of which read.</summary>
internal sealed class ProbedTwins : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TwinProbe[] _probes;
    private Task _running = Task.CompletedTask;

    private ProbedTwins(int twins)
    {
        _probes = [.. Enumerable.Range(0, twins).Select(static i => new TwinProbe($"pump/probed{i}", i % 2 == 0))];
    }

    /// <summary>Makes the twins and begins to ask, through the silos in turn.</summary>
    public static async Task<ProbedTwins> StartAsync(int twins, IReadOnlyList<SiloProcess> through)
    {
        ProbedTwins probed = new(twins);
        foreach (TwinProbe probe in probed._probes)
        {
            await Eventually.SeeAsync(
                $"{probe.Twin} is made",
                () => through[0].Api.PostTelemetryAsync(probe.Twin, """{"vibration":1}"""),
                static answer => answer.Status == HttpStatusCode.NoContent);
        }

        probed.AskThrough(through);
        probed._running = Task.WhenAll(probed._probes.Select(probe => probe.RunAsync(probed._stop.Token)));
        await probed.AnsweredAsync();
        return probed;
    }

    /// <summary>From now on asks through these silos in turn.</summary>
    public void AskThrough(IReadOnlyList<SiloProcess> silos)
    {
        for (int i = 0; i < _probes.Length; i++)
        {
            _probes[i].Through = silos[i % silos.Count];
        }
    }

    /// <summary>Waits until every twin has answered several times more.</summary>
    public async Task AnsweredAsync()
    {
        long[] before = [.. _probes.Select(static probe => probe.Answers)];
        await Eventually.HoldsAsync(
            "answers of every twin",
            () => _probes.Zip(before).All(static pair => pair.First.Answers >= pair.Second + 5));
    }

    /// <summary>How long each twin was without an answer at most, since the last call.</summary>
    public TimeSpan[] TakeLongest() => [.. _probes.Select(static probe => probe.TakeLongest())];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }
}
