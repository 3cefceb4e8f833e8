using System.Collections.Concurrent;

namespace TwinGrid.Tests.Models;

/// <summary>Twice its input, 32 rows at once at most; remembers how many rows each run had.</summary>
internal sealed class Doubling : BatchedModel
{
    private readonly ManualResetEventSlim _released = new();

    public bool Holds { get; init; }

    public bool Fails { get; set; }

    /// <summary>A number that it cannot be run on.</summary>
    public double? Refuses { get; init; }

    public ConcurrentQueue<int> Runs { get; } = new();

    public override int StateLength => 1;

    public override int RowLength => 1;

    public override int OutputLength => 1;

    public override int BatchSize => 32;

    public void Release() => _released.Set();

    public override void Open()
    {
    }

    public override void Initialize(Span<double> state) => state.Clear();

    public override bool Take(in ModelInput input, Span<double> state)
    {
        state[0] = input.Inputs[0];
        return true;
    }

    public override void WriteRow(ReadOnlySpan<double> state, Span<double> row) => row[0] = state[0];

    public override void Run(ReadOnlySpan<double> rows, Span<double> outputs)
    {
        Runs.Enqueue(rows.Length);
        if (Holds)
        {
            _released.Wait(TestContext.Current.CancellationToken);
        }

        if (Fails || (Refuses is { } refused && rows.Contains(refused)))
        {
            throw new InvalidOperationException("no memory on the card");
        }

        for (int i = 0; i < rows.Length; i++)
        {
            outputs[i] = 2 * rows[i];
        }
    }

    public override void Accept(ReadOnlySpan<double> outputs, ref Prediction prediction) =>
        prediction = Prediction.None with { Value = outputs[0] };

    public override string Explain(in Prediction prediction, ReadOnlySpan<double> state) => "twice";
}
