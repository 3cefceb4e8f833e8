using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TwinGrid;

/// <summary>
/// What a model says. Plain data in a twin's arrays; NaN stands for "nothing".
/// </summary>
public struct Prediction
{
    /// <summary>A prediction that says nothing.</summary>
    public static Prediction None => new()
    {
        Value = double.NaN,
        Lower = double.NaN,
        Upper = double.NaN,
        Confidence = double.NaN,
        Residual = double.NaN,
        Horizon = double.NaN,
        Expected = double.NaN,
        Threshold = double.NaN,
        At = UnixMicroseconds.Absent,
    };

    /// <summary>The value: a power in its unit, a score in [0,1], seconds until a limit.</summary>
    public double Value { get; set; }

    /// <summary>The lower end of the interval.</summary>
    public double Lower { get; set; }

    /// <summary>The upper end of the interval.</summary>
    public double Upper { get; set; }

    /// <summary>The nominal coverage of [lower, upper], 0 to 1.</summary>
    public double Confidence { get; set; }

    /// <summary>Observed minus predicted, where the model has seen the truth.</summary>
    public double Residual { get; set; }

    /// <summary>How far ahead of <see cref="At"/> it speaks, seconds; 0 for now.</summary>
    public double Horizon { get; set; }

    /// <summary>What the model expected to see: the evidence of its reason.</summary>
    public double Expected { get; set; }

    /// <summary>The bound that the evidence is judged by.</summary>
    public double Threshold { get; set; }

    /// <summary>The source time of the reading that it follows, Unix microseconds.</summary>
    public long At { get; set; }

    /// <summary>True when the model has something to say.</summary>
    public readonly bool HasValue => !double.IsNaN(Value);
}

/// <summary>What a model is shown: the current values of its inputs and which of them just changed.</summary>
public readonly ref struct ModelInput
{
    /// <summary>Makes an input.</summary>
    /// <param name="time">Source time of the message, Unix microseconds; never before the last one's.</param>
    /// <param name="inputs">One value per declared input, in order; NaN where none is known.</param>
    /// <param name="inputsChanged">Bit i is set when input i came with this message.</param>
    /// <param name="output">The value of the declared output; NaN where none is known.</param>
    /// <param name="outputChanged">True when the output came with this message.</param>
    public ModelInput(
        long time, ReadOnlySpan<double> inputs, ulong inputsChanged, double output, bool outputChanged)
    {
        Time = time;
        Inputs = inputs;
        InputsChanged = inputsChanged;
        Output = output;
        OutputChanged = outputChanged;
    }

    /// <summary>Source time of the message, Unix microseconds.</summary>
    public long Time { get; }

    /// <summary>One value per declared input, in order; NaN where none is known.</summary>
    public ReadOnlySpan<double> Inputs { get; }

    /// <summary>Bit i is set when input i came with this message.</summary>
    public ulong InputsChanged { get; }

    /// <summary>The value of the declared output; NaN where none is known.</summary>
    public double Output { get; }

    /// <summary>True when the output came with this message.</summary>
    public bool OutputChanged { get; }

    /// <summary>
    /// The block of <see cref="IPredictiveModel.WaveformInput"/> when it came with this message, else an empty one;
    /// among <see cref="Inputs"/> a waveform is NaN.
    /// </summary>
    public WaveformBlock Waveform { get; init; }

    /// <summary>True when an input, not only the output, came with this message.</summary>
    public bool AnyInputChanged => InputsChanged != 0;
}

/// <summary>
/// A predictive model: one stateless object per kind, which runs inside every twin of it. What it learns of a twin
/// is a slice of that twin's array of doubles. Step 5 of the walk.
/// </summary>
/// <remarks>
/// Deterministic: no clock, no chance, no I/O, no state of its own, no allocation in <see cref="Update"/>. Called by
/// many threads at once for different twins. Derive from <see cref="PredictiveModel{TState}"/> to keep the state as a
/// struct.
/// </remarks>
public interface IPredictiveModel
{
    /// <summary>Goes up when the meaning of the state or the numbers change; stands in every prediction.</summary>
    int Version { get; }

    /// <summary>How many doubles one twin's state takes.</summary>
    int StateLength { get; }

    /// <summary>The unit of the value, as DTDL names it; null for none or a score.</summary>
    string? Unit { get; }

    /// <summary>
    /// Which of its inputs is a waveform whose blocks it reads, by its place; -1, the default, for none. All others
    /// are numbers or booleans.
    /// </summary>
    int WaveformInput => -1;

    /// <summary>
    /// What it makes of its inputs for other models, policies and people to read: each becomes the telemetry
    /// <c>{model}.{feature}</c> of the twin. Their values are the first doubles of the state, in this order, after
    /// every <see cref="Update"/>; NaN says nothing new, and the last value stays. Empty by default.
    /// </summary>
    IReadOnlyList<ModelFeature> Features => [];

    /// <summary>Writes the state of a twin that has seen nothing.</summary>
    void Initialize(Span<double> state);

    /// <summary>Learns from one message and predicts.</summary>
    /// <param name="input">What came.</param>
    /// <param name="state">What this twin's model knows; changed in place.</param>
    /// <param name="prediction">
    /// The last prediction; changed in place. One that is left as it was keeps its time, and where historical readings
    /// made it, it causes no command however live the next ones are; to say the same again, assign a whole one,
    /// <c>Prediction.None with { ... }</c>. Its <see cref="Prediction.At"/> is set by the twin. After historical
    /// readings a copy of the state may be shown a message first, with nothing said before.
    /// </param>
    void Update(in ModelInput input, Span<double> state, ref Prediction prediction);

    /// <summary>One sentence that says why, for people; asked for only when somebody reads it.</summary>
    string Explain(in Prediction prediction, ReadOnlySpan<double> state);

    /// <summary>
    /// The inputs behind the prediction, those that count most first; empty, the default, where a model names none.
    /// Asked for only when somebody reads it.
    /// </summary>
    IReadOnlyList<Contribution> Contributions(in Prediction prediction, ReadOnlySpan<double> state) => [];
}

/// <summary>A model whose state of a twin is a struct of its own.</summary>
/// <typeparam name="TState">An unmanaged struct; its size is rounded up to whole doubles.</typeparam>
public abstract class PredictiveModel<TState> : IPredictiveModel
    where TState : unmanaged
{
    /// <inheritdoc/>
    public virtual int Version => 1;

    /// <inheritdoc/>
    public int StateLength => (Unsafe.SizeOf<TState>() + sizeof(double) - 1) / sizeof(double);

    /// <inheritdoc/>
    public virtual string? Unit => null;

    /// <inheritdoc/>
    public virtual int WaveformInput => -1;

    /// <inheritdoc/>
    public virtual IReadOnlyList<ModelFeature> Features => [];

    /// <inheritdoc/>
    public void Initialize(Span<double> state)
    {
        state.Clear();
        Initialize(ref View(state));
    }

    /// <inheritdoc/>
    public void Update(in ModelInput input, Span<double> state, ref Prediction prediction) =>
        Update(input, ref View(state), ref prediction);

    /// <inheritdoc/>
    public string Explain(in Prediction prediction, ReadOnlySpan<double> state) =>
        Explain(prediction, in MemoryMarshal.AsRef<TState>(MemoryMarshal.AsBytes(state)));

    /// <inheritdoc/>
    public IReadOnlyList<Contribution> Contributions(in Prediction prediction, ReadOnlySpan<double> state) =>
        Contributions(prediction, in MemoryMarshal.AsRef<TState>(MemoryMarshal.AsBytes(state)));

    /// <summary>Writes the state of a twin that has seen nothing; it is all zeros before.</summary>
    protected virtual void Initialize(ref TState state)
    {
    }

    /// <summary>Learns from one message and predicts.</summary>
    protected abstract void Update(in ModelInput input, ref TState state, ref Prediction prediction);

    /// <summary>One sentence that says why, for people.</summary>
    protected abstract string Explain(in Prediction prediction, in TState state);

    /// <summary>The inputs behind the prediction, those that count most first; empty by default.</summary>
    protected virtual IReadOnlyList<Contribution> Contributions(in Prediction prediction, in TState state) => [];

    private static ref TState View(Span<double> state) =>
        ref MemoryMarshal.AsRef<TState>(MemoryMarshal.AsBytes(state));
}

/// <summary>
/// Makes models of a type that kind files name. Register one with <c>AddPredictiveModel</c>.
/// </summary>
/// <param name="Type">The name in kind files, such as <c>PowerCurve</c>.</param>
/// <param name="Create">
/// Makes the model of one kind from its definition; throws <see cref="DefinitionException"/> for wrong options.
/// </param>
public sealed record PredictiveModelType(string Type, Func<ModelDefinition, IPredictiveModel> Create);
