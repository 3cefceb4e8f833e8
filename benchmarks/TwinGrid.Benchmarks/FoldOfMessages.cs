using BenchmarkDotNet.Attributes;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.State;

namespace TwinGrid.Benchmarks;

/// <summary>
/// What one device message costs in the fold, without models and policies: time per message, and 0 bytes allocated.
/// </summary>
[MemoryDiagnoser]
public class FoldOfMessages
{
    private const int Messages = 20_000;

    private readonly byte[][] _messages = new byte[Messages][];
    private readonly TurnEffects _effects = new();
    private TwinState _state = null!;
    private TurnHeader _header;

    /// <summary>Values per message.</summary>
    [Params(1, 8)]
    public int Readings { get; set; }

    [GlobalSetup]
    public void Pack()
    {
        byte[][] names = [.. Enumerable.Range(0, Readings).Select(i => System.Text.Encoding.UTF8.GetBytes($"v{i}"))];
        ReadingWriter writer = new();
        for (int i = 0; i < Messages; i++)
        {
            writer.Clear();
            long time = 1_767_225_600_000_000 + (i * 1_000L);
            writer.BeginMessage(new MessageHeader
            {
                Received = time,
                Source = "load",
                Epoch = 1,
                Seq = i,
                Time = time,
            });
            foreach (byte[] name in names)
            {
                writer.Number(name, 20 + (i % 100));
            }

            writer.EndMessage();
            _messages[i] = writer.Written.ToArray();
        }

        _header = new TurnHeader
        {
            Mode = ControlMode.Act,
            DefinitionRevision = 0,
            LiveWindow = 60 * UnixMicroseconds.PerSecond,
            MaxNames = 512,
            MaxSources = 8,
        };
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public void Fold()
    {
        _state = new TwinState(new TwinId("road", "t1"), CompiledKind.Unmodelled("road"));
        foreach (byte[] message in _messages)
        {
            _effects.Clear();
            TwinFold.Apply(_state, _header, message, _effects);
        }
    }
}
