using Microsoft.Extensions.ObjectPool;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// Messages that are used again. Those of usual size and large ones, such as batches, are kept apart, so that a burst
/// of large ones does not leave every message large. Thread-safe.
/// </summary>
internal sealed class PublishPool(MessageIntake intake)
{
    /// <summary>Payloads up to here are of usual size; packed readings take about as much as their JSON.</summary>
    private const int UsualPayload = 2 * 1_024;

    /// <summary>The largest packed inputs that are kept; with 256 KiB of JSON they are of usual shape.</summary>
    private const int LargestInputs = 256 * 1_024;

    /// <summary>64 connections with 128 messages in flight each find all of theirs here, 1 KiB the piece.</summary>
    private const int MostUsual = 8_192;

    private const int MostLarge = 32;

    private readonly DefaultObjectPool<IncomingPublish> _usual =
        new(new Policy(intake, 2 * UsualPayload), MostUsual);

    private readonly DefaultObjectPool<IncomingPublish> _large = new(new Policy(intake, LargestInputs), MostLarge);

    /// <summary>A message without content.</summary>
    /// <param name="payload">Bytes of the payload that it will take.</param>
    public IncomingPublish Get(int payload) => PoolOf(payload).Get();

    /// <summary>Takes a message back.</summary>
    public void Return(IncomingPublish publish) => PoolOf(publish.Size).Return(publish);

    private DefaultObjectPool<IncomingPublish> PoolOf(int payload) => payload <= UsualPayload ? _usual : _large;

    private sealed class Policy(MessageIntake intake, int largest) : PooledObjectPolicy<IncomingPublish>
    {
        public override IncomingPublish Create() => new(intake);

        public override bool Return(IncomingPublish obj)
        {
            bool isKept = obj.Inputs.Length <= largest;
            obj.Clear();
            return isKept;
        }
    }
}
