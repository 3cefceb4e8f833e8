using System.Threading.Channels;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>Asks another gateway for sessions, many in one call. Thread-safe.</summary>
/// <param name="road">The way there.</param>
internal sealed class ClaimLane(GatewayRoad road)
{
    private const int MostInBatch = 512;

    private readonly Channel<Asked> _asked = Channel.CreateUnbounded<Asked>(
        new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Asks; ends with the answer, however long it takes, or with null when the gateway is gone.</summary>
    public Task<ClaimAnswer?> AskAsync(ClaimRequest request)
    {
        Asked asked = new(request);
        return _asked.Writer.TryWrite(asked) ? asked.Answer.Task : Task.FromResult<ClaimAnswer?>(null);
    }

    /// <summary>Asks until the gateway is gone.</summary>
    public async Task RunAsync()
    {
        List<Asked> batch = [];
        try
        {
            while (await _asked.Reader.WaitToReadAsync(road.Gone).ConfigureAwait(false))
            {
                while (batch.Count < MostInBatch && _asked.Reader.TryRead(out Asked? asked))
                {
                    batch.Add(asked);
                }

                ClaimBatch claims = new() { Requests = [.. batch.Select(asked => asked.Request)] };
                ClaimAnswer[] answers = await road.AskAsync(gateway => gateway.ReleaseAsync(claims))
                    .ConfigureAwait(false);
                for (int i = 0; i < answers.Length; i++)
                {
                    batch[i].Answer.TrySetResult(answers[i]);
                }

                batch.Clear();
            }
        }
        catch (OperationCanceledException)
        {
            // Its sessions ended with it.
        }

        _asked.Writer.TryComplete();
        while (_asked.Reader.TryRead(out Asked? asked))
        {
            batch.Add(asked);
        }

        batch.ForEach(static asked => asked.Answer.TrySetResult(null));
    }

    private sealed record Asked(ClaimRequest Request)
    {
        public TaskCompletionSource<ClaimAnswer?> Answer { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
