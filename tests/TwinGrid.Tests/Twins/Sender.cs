using System.Collections.Concurrent;

namespace TwinGrid.Tests.Twins;

/// <summary>
/// A device on one road to its twin: numbers its messages, keeps one address for all of them, and writes down how
/// often and in which order it was told what became of each.
/// </summary>
internal sealed class Sender(ITwinIngest road, TwinId twin)
{
    private readonly ConcurrentQueue<Sent> _told = new();
    private readonly List<Sent> _sent = [];

    public TwinAddress Address { get; } = new(twin);

    /// <summary>Every message, in the order of sending.</summary>
    public IReadOnlyList<Sent> All => _sent;

    /// <summary>What it was told, in that order.</summary>
    public IEnumerable<Sent> Told => _told;

    /// <summary>True to throw whenever it is told something.</summary>
    public bool Throws { get; init; }

    /// <summary>Sends a message with the next number; the value is that number unless another is given.</summary>
    public Sent Send(double? value = null)
    {
        int number = _sent.Count + 1;
        return Send(TwoSiloGrid.Speed(value ?? number, seq: number));
    }

    public Sent Send(byte[] inputs)
    {
        Sent message = new(this, _sent.Count + 1, inputs);
        _sent.Add(message);
        road.Send(message);
        return message;
    }

    /// <summary>Ends when every message was answered; fails after a minute.</summary>
    public Task AnsweredAsync() => Wait.UntilAsync(() => _told.Count >= _sent.Count);

    /// <summary>One message and what it was told.</summary>
    internal sealed class Sent(Sender sender, int number, byte[] inputs) : IngestMessage
    {
        private readonly TaskCompletionSource<IngestResult> _result =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        private int _times;

        public int Number => number;

        /// <summary>How often it was told.</summary>
        public int Times => Volatile.Read(ref _times);

        public Task<IngestResult> Result => _result.Task.WaitAsync(TimeSpan.FromMinutes(1));

        public IngestStatus Status => _result.Task.Result.Status;

        public override TwinAddress Address => sender.Address;

        public override ReadOnlyMemory<byte> Inputs => inputs;

        public override void Finished(in IngestResult result)
        {
            Interlocked.Increment(ref _times);
            sender._told.Enqueue(this);
            _result.TrySetResult(result);
            if (sender.Throws)
            {
                throw new InvalidOperationException("a sender that was told not to throw");
            }
        }
    }
}

/// <summary>Waits for a condition, and fails after a minute.</summary>
internal static class Wait
{
    public static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource deadline = new(TimeSpan.FromMinutes(1));
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(5));
        while (!condition())
        {
            await timer.WaitForNextTickAsync(deadline.Token);
        }
    }
}
