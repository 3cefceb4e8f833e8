namespace TwinGrid;

/// <summary>
/// A model that is too dear for a twin's turn, or whose numbers differ from machine to machine: it runs outside the
/// turn, for many twins of a silo at once, and what it says comes back to each twin as an input of its own
/// (<see cref="InputKind.ModelOutput"/>). So the log holds what it said, and folding it again never runs the model.
/// </summary>
/// <remarks>
/// <para>In the turn, deterministic and without I/O: <see cref="Take"/> keeps what came, <see cref="WriteRow"/> copies
/// the row to run on, <see cref="Accept(ReadOnlySpan{double}, ref Prediction)"/> takes the answer. Outside of it, one
/// call at a time for a silo: <see cref="Run"/>.</para>
/// <para>A run takes the rows that gathered during the last one, so that under load batches grow by themselves and a
/// lone row waits for nobody. A twin that asks again before it was answered is run once, on its newest row. An answer
/// that finds its twin gone, or another revision of the definition, is dropped: the next reading asks again. So is what
/// waits when a silo stops. Where a run fails, its rows are run again by halves; the twin of a row that fails alone is
/// told so, and its prediction says nothing until the next.</para>
/// </remarks>
public abstract class BatchedModel : IPredictiveModel
{
    /// <inheritdoc/>
    public virtual int Version => 1;

    /// <inheritdoc/>
    public abstract int StateLength { get; }

    /// <inheritdoc/>
    public virtual string? Unit => null;

    /// <summary>How many doubles one row has.</summary>
    public abstract int RowLength { get; }

    /// <summary>How many doubles one answer has.</summary>
    public abstract int OutputLength { get; }

    /// <summary>The most rows of one run.</summary>
    public abstract int BatchSize { get; }

    /// <summary>
    /// Makes it ready to run: called before any <see cref="Run"/>, and never for an older revision of a definition,
    /// which is only folded.
    /// </summary>
    /// <exception cref="DefinitionException">It cannot run as its definition says.</exception>
    public abstract void Open();

    /// <inheritdoc/>
    public abstract void Initialize(Span<double> state);

    /// <summary>Takes one message into the state; true when it should run on what there is now.</summary>
    public abstract bool Take(in ModelInput input, Span<double> state);

    /// <summary>Copies the row to run on out of the state.</summary>
    public abstract void WriteRow(ReadOnlySpan<double> state, Span<double> row);

    /// <summary>Runs on whole rows, one answer for each; may block and allocate.</summary>
    public abstract void Run(ReadOnlySpan<double> rows, Span<double> outputs);

    /// <summary>Makes the prediction of an answer.</summary>
    public abstract void Accept(ReadOnlySpan<double> outputs, ref Prediction prediction);

    /// <summary>
    /// How many doubles of a row come back with its answer, to explain it by; 0, the default, for none.
    /// </summary>
    /// <remarks>They stand in the log with every answer: a few, not the row.</remarks>
    public virtual int ReasonLength => 0;

    /// <summary>Copies out of the state what explains the answer to the row that is asked now.</summary>
    public virtual void WriteReason(ReadOnlySpan<double> state, Span<double> reason)
    {
    }

    /// <summary>
    /// Makes the prediction of an answer and keeps its reason in the state, where <see cref="Explain"/> finds it: other
    /// readings may have come since. By default <see cref="Accept(ReadOnlySpan{double}, ref Prediction)"/>, and nothing
    /// said where the run failed.
    /// </summary>
    /// <param name="outputs">The answer; empty where the run failed on this row.</param>
    /// <param name="reason">What <see cref="WriteReason"/> wrote; empty where an older log has none.</param>
    /// <param name="state">What the twin's model knows; changed in place.</param>
    /// <param name="prediction">The last prediction; changed in place.</param>
    public virtual void Accept(
        ReadOnlySpan<double> outputs, ReadOnlySpan<double> reason, Span<double> state, ref Prediction prediction)
    {
        if (outputs.IsEmpty)
        {
            prediction = Prediction.None;
        }
        else
        {
            Accept(outputs, ref prediction);
        }
    }

    /// <inheritdoc/>
    public abstract string Explain(in Prediction prediction, ReadOnlySpan<double> state);

    /// <inheritdoc/>
    public virtual IReadOnlyList<Contribution> Contributions(
        in Prediction prediction, ReadOnlySpan<double> state) => [];

    /// <summary>As <see cref="Take"/>: for whoever runs it as any other model, it says nothing by itself.</summary>
    void IPredictiveModel.Update(in ModelInput input, Span<double> state, ref Prediction prediction) =>
        Take(input, state);
}
