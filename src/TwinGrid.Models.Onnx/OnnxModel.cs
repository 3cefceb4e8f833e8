using System.Globalization;

namespace TwinGrid.Models.Onnx;

/// <summary>
/// A model that was learnt elsewhere and written as ONNX (Open Neural Network Exchange), run by ONNX Runtime on its own
/// thread for many twins at once.
/// </summary>
/// <remarks>
/// <para>Inputs: the telemetry of the definition in order, each times <c>scale</c> plus <c>offset</c>; with
/// <c>window</c> the last so many messages, oldest first. It runs when a message brought one of them and all are known;
/// with a window, when that is full. Rows are messages: the time between them is not told to the graph.</para>
/// <para>Says what <c>outputs</c> maps: <c>value</c> and, where given, <c>lower</c>, <c>upper</c> (swapped where they
/// cross) and <c>expected</c>; nothing where the value is not finite. <c>confidence</c>, <c>threshold</c> and
/// <c>horizon</c> are constants of the definition.</para>
/// <para>Its reason is what it read, not what each input was worth, which a graph does not tell: <c>why</c> and the
/// contributions name the newest message of the row that was asked, five inputs at most, each with a share of 0.</para>
/// <para>The state of a twin is its window and that reason: 2 + window · inputs + at most 5 doubles.</para>
/// </remarks>
internal sealed class OnnxModel : BatchedModel
{
    public const string TypeName = "Onnx";

    // The state: how many rows it has seen, up to the window; where the next goes; the rows; the reason of the answer.
    private const int Filled = 0;
    private const int Next = 1;
    private const int Rows = 2;

    /// <summary>They go through the log with each answer.</summary>
    private const int MostNamed = 5;

    private readonly ModelDefinition _definition;
    private readonly OnnxOptions _options;
    private readonly OnnxOutput[] _outputs;
    private readonly OnnxSessions _sessions;
    private readonly string _directory;
    private readonly double[] _scales;
    private readonly double[] _offsets;
    private readonly double _horizon;
    private OnnxGraph? _graph;

    public OnnxModel(ModelDefinition definition, OnnxSessions sessions, string directory)
    {
        _definition = definition;
        _sessions = sessions;
        _directory = directory;
        _options = OnnxOptions.Read(definition);
        _outputs = OnnxOutput.Read(definition, _options);
        JudgeBatch();
        _scales = [.. definition.Inputs.Select(name => _options.Scale.GetValueOrDefault(name, 1))];
        _offsets = [.. definition.Inputs.Select(name => _options.Offset.GetValueOrDefault(name, 0))];
        _horizon = Duration.Parse(_options.Horizon, null).Value.TotalSeconds;
    }

    public override int Version => _options.Version;

    public override string? Unit => _options.Unit;

    public override int StateLength => Rows + RowLength + ReasonLength;

    public override int ReasonLength => Math.Min(Inputs, MostNamed);

    public override int RowLength => _options.Window * Inputs;

    public override int OutputLength => _outputs.Length;

    public override int BatchSize => _options.Batch;

    private int Inputs => _definition.Inputs.Count;

    public override void Open() =>
        _graph ??= OnnxGraph.Open(_sessions, _directory, _definition, _options, _outputs);

    public override void Initialize(Span<double> state)
    {
        state.Clear();
        state[(Rows + RowLength)..].Fill(double.NaN);
    }

    public override bool Take(in ModelInput input, Span<double> state)
    {
        if (!input.AnyInputChanged)
        {
            return false;
        }

        foreach (double value in input.Inputs)
        {
            if (!double.IsFinite(value))
            {
                return false;
            }
        }

        int next = (int)state[Next];
        input.Inputs.CopyTo(state.Slice(Rows + (next * Inputs), Inputs));
        state[Next] = (next + 1) % _options.Window;
        state[Filled] = Math.Min(_options.Window, state[Filled] + 1);
        return state[Filled] >= _options.Window;
    }

    public override void WriteRow(ReadOnlySpan<double> state, Span<double> row)
    {
        // The oldest stands where the next will go.
        int oldest = (int)state[Next] * Inputs;
        state.Slice(Rows + oldest, RowLength - oldest).CopyTo(row);
        state.Slice(Rows, oldest).CopyTo(row[(RowLength - oldest)..]);
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = (row[i] * _scales[i % Inputs]) + _offsets[i % Inputs];
        }
    }

    public override void WriteReason(ReadOnlySpan<double> state, Span<double> reason)
    {
        int newest = (int)((state[Next] + _options.Window - 1) % _options.Window);
        state.Slice(Rows + (newest * Inputs), reason.Length).CopyTo(reason);
    }

    public override void Run(ReadOnlySpan<double> rows, Span<double> outputs) =>
        (_graph ?? throw new InvalidOperationException("open the model before it runs")).Run(rows, outputs);

    public override void Accept(ReadOnlySpan<double> outputs, ref Prediction prediction)
    {
        prediction = Prediction.None;
        if (!double.IsFinite(outputs[0]))
        {
            return;
        }

        for (int i = 0; i < outputs.Length; i++)
        {
            Set(ref prediction, _outputs[i].Field, outputs[i]);
        }

        if (prediction.Lower > prediction.Upper)
        {
            (prediction.Lower, prediction.Upper) = (prediction.Upper, prediction.Lower);
        }

        prediction.Confidence = _options.Confidence ?? double.NaN;
        prediction.Threshold = _options.Threshold ?? double.NaN;
        prediction.Horizon = _horizon;
    }

    public override void Accept(
        ReadOnlySpan<double> outputs, ReadOnlySpan<double> reason, Span<double> state, ref Prediction prediction)
    {
        base.Accept(outputs, reason, state, ref prediction);
        Span<double> kept = state[(Rows + RowLength)..];
        if (reason.IsEmpty)
        {
            kept.Fill(double.NaN);
        }
        else
        {
            reason.CopyTo(kept);
        }
    }

    public override string Explain(in Prediction prediction, ReadOnlySpan<double> state)
    {
        bool isAsked = state[Filled] >= _options.Window;
        ReadOnlySpan<double> reason = state[(Rows + RowLength)..];
        if (double.IsNaN(reason[0]))
        {
            return prediction.HasValue ? $"{_options.Path} gives {Number(prediction.Value)}"
                : isAsked ? $"{_options.Path} gave no number"
                : $"{_options.Path} waits for {_options.Window} messages, {state[Filled]} came";
        }

        string gives = prediction.HasValue ? $"gives {Number(prediction.Value)}" : "gave no number";
        string where = _options.Window == 1 ? " for " : $"; the newest of its {_options.Window} messages had ";
        string seen = string.Join(
            ", ", _definition.Inputs.Zip(reason.ToArray(), (name, value) => $"{name} {Number(value)}"));
        return $"{_options.Path} {gives}{where}{seen}{(Inputs > MostNamed ? " and others" : "")}";
    }

    public override IReadOnlyList<Contribution> Contributions(
        in Prediction prediction, ReadOnlySpan<double> state)
    {
        ReadOnlySpan<double> reason = state[(Rows + RowLength)..];
        return !prediction.HasValue || double.IsNaN(reason[0])
            ? []
            : [.. _definition.Inputs.Zip(
                reason.ToArray(), (name, value) => new Contribution(name, Expected: null, Seen: value, Share: 0))];
    }

    private void JudgeBatch()
    {
        int most = _sessions.Limits.RunNumbers;
        if ((long)_options.Batch * RowLength > most)
        {
            throw new DefinitionException(
                OnnxOptions.Named(_definition),
                "options.batch",
                $"{_options.Batch} rows of {RowLength} numbers are more than the {most} of one run "
                + "(OnnxLimits.RunNumbers)");
        }
    }

    // Below a half of the last digit 0.#### would write nothing of it.
    private static string Number(double value) => value.ToString(
        Math.Abs(value) is > 0 and < 1e-3 ? "0.###e0" : "0.####", CultureInfo.InvariantCulture);

    private static void Set(ref Prediction prediction, OnnxField field, double value)
    {
        double finite = double.IsFinite(value) ? value : double.NaN;
        switch (field)
        {
            case OnnxField.Lower:
                prediction.Lower = finite;
                break;
            case OnnxField.Upper:
                prediction.Upper = finite;
                break;
            case OnnxField.Expected:
                prediction.Expected = finite;
                break;
            default:
                prediction.Value = finite;
                break;
        }
    }
}
