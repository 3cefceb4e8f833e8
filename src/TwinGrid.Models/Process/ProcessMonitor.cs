using System.Globalization;
using System.Text.Json;

namespace TwinGrid.Models.Process;

/// <summary>
/// Whether the sensors of a process still move together as they did when it was normal, and if not, which of them do
/// not: one score for all of them.
/// </summary>
/// <remarks>
/// <para>Formula: each sensor as deviations from its normal mean, at most ±8; running means y of these over several
/// memories (MEWMA: Lowry et al., Technometrics 1992); of each the distance d = y′Py, P the inverse of its shrunk
/// covariance (Hotelling's T² over all directions, so that what never varied is seen too). Ratio r = the greatest d
/// over its limit; <c>value</c> = r/(1 + r), so 0.5 is the limit and 0.75 three times it. Limits are learnt on held-out
/// normal rows (<see cref="ProcessMonitorTrainer"/>).</para>
/// <para>Blame: what d loses when one sensor is put where the others expect it: (Py)ᵢ²/Pᵢᵢ, expected
/// yᵢ - (Py)ᵢ/Pᵢᵢ. It names the sensor that left the others; a fault that moves many may name one that follows.</para>
/// <para>Says: nothing before every sensor came once; then, with each row, <c>value</c>, <c>threshold</c> 0.5,
/// <c>horizon</c> 0. A row is over when every sensor came since the last row, or when one came again. A sensor that
/// does not come is as it was; one that is NaN is taken to be as the others let expect. Rows are counted, not time:
/// normal rows and the twin's should have one pace.</para>
/// <para>Inputs: every name in the parameters' <c>sensors</c>. Options: <c>parameters</c> (required; an object as
/// <see cref="ProcessMonitorParameters.ToJson"/> writes it; another set begins the twins' state anew).</para>
/// <para>Fails where normal has several ways to run that are no ellipsoid together (learn one kind for each), on
/// drifts along which normal drifted, on faults smaller than noise (Tennessee Eastman 3 and 9), and where normal of
/// the past was too short to be all of it: then it alarms until it is trained again. After a fault the longest mean
/// takes some 2/gain rows to come back.</para>
/// </remarks>
internal sealed class ProcessMonitor : IPredictiveModel
{
    public const string TypeName = "ProcessMonitor";

    /// <summary>A sensor farther out says no more than one so far out: it cannot outshout all others.</summary>
    public const double MostDeviations = 8;

    private const double Limit = 0.5;
    private const int MostBlamed = 3;

    // The state: which sensors came since the last row, whether all came once, then one running mean per gain.
    private const int Came = 0;
    private const int HasRow = 1;
    private const int FirstMean = 2;

    private readonly ProcessMonitorParameters _parameters;
    private readonly SymmetricMatrix[] _precisions;
    private readonly int[] _inputs;
    private readonly ulong _all;

    public ProcessMonitor(ModelDefinition definition)
    {
        ModelOptions options = new(definition);
        if (definition.Output is not null)
        {
            throw new DefinitionException(
                $"model '{definition.Name}'", "output", $"{TypeName} has no output: leave it out");
        }

        _parameters = Parameters(options);
        options.RefuseOthers();
        _inputs = [.. _parameters.Sensors.Select(name => options.RequiredInput(name, "the set of parameters"))];
        _precisions = Array.ConvertAll(_parameters.Precisions, p => new SymmetricMatrix(_inputs.Length, p));
        foreach (int input in _inputs)
        {
            _all |= 1UL << input;
        }
    }

    public int Version => 2;

    public int StateLength => FirstMean + (_inputs.Length * _precisions.Length);

    public string? Unit => null;

    public void Initialize(Span<double> state) => state.Clear();

    public void Update(in ModelInput input, Span<double> state, ref Prediction prediction)
    {
        ulong changed = input.InputsChanged & _all;
        if (changed == 0)
        {
            return;
        }

        ulong before = BitConverter.DoubleToUInt64Bits(state[Came]);
        ulong came = before | changed;
        bool isRow = came == _all || (state[HasRow] > 0 && (before & changed) != 0);

        // Of a row that ends because a sensor came again, what came now is the beginning of the next.
        ulong next = isRow ? (came == _all ? 0 : changed) : came;
        state[Came] = BitConverter.UInt64BitsToDouble(next);
        if (!isRow)
        {
            return;
        }

        state[HasRow] = 1;
        double ratio = 0;
        for (int g = 0; g < _precisions.Length; g++)
        {
            Span<double> mean = Mean(state, g);
            Move(input.Inputs, mean, g);
            ratio = Math.Max(ratio, _precisions[g].Quadratic(mean) / _parameters.Limits[g]);
        }

        prediction = Prediction.None with
        {
            At = input.Time,
            Value = double.IsFinite(ratio) ? ratio / (1 + ratio) : 1,
            Horizon = 0,
            Threshold = Limit,
        };
    }

    public string Explain(in Prediction prediction, ReadOnlySpan<double> state)
    {
        if (!prediction.HasValue)
        {
            return "not every sensor has come yet";
        }

        (int g, double ratio) = Farthest(state);
        string memory = _parameters.Gains[g] >= 1
            ? "in the newest row"
            : $"over the last {Wording.Number(Math.Round(1 / _parameters.Gains[g]))} rows or so";
        IEnumerable<string> reasons = Contributions(prediction, state).Take(MostBlamed).Select(c => string.Create(
            CultureInfo.InvariantCulture,
            $"{c.Name} is {Wording.Number(c.Seen ?? double.NaN)} where the others let expect "
            + $"{Wording.Number(c.Expected ?? double.NaN)} ({c.Share:0%})"));
        string verdict = ratio > 1 ? "not as when it was normal" : "normal";
        return $"{verdict}: {Wording.Number(ratio)} times the limit {memory}; {string.Join(", ", reasons)}";
    }

    public IReadOnlyList<Contribution> Contributions(in Prediction prediction, ReadOnlySpan<double> state)
    {
        if (!prediction.HasValue)
        {
            return [];
        }

        (int g, _) = Farthest(state);
        ReadOnlySpan<double> mean = Mean(state, g);
        double[] losses = new double[_inputs.Length];
        double[] expected = new double[_inputs.Length];
        double sum = 0;
        for (int i = 0; i < losses.Length; i++)
        {
            double pull = SymmetricMatrix.Dot(_precisions[g].Row(i), mean);
            losses[i] = pull * pull / _precisions[g][i, i];
            expected[i] = mean[i] - (pull / _precisions[g][i, i]);
            sum += losses[i];
        }

        Contribution[] contributions = new Contribution[losses.Length];
        for (int i = 0; i < contributions.Length; i++)
        {
            contributions[i] = new Contribution(
                _parameters.Sensors[i],
                InUnit(i, expected[i]),
                InUnit(i, mean[i]),
                sum > 0 ? losses[i] / sum : 0);
        }

        return [.. contributions.OrderByDescending(contribution => contribution.Share)];
    }

    private static ProcessMonitorParameters Parameters(ModelOptions options)
    {
        JsonElement json = options.RequiredObject("parameters");
        try
        {
            return ProcessMonitorParameters.Parse(json);
        }
        catch (JsonException e)
        {
            throw options.WrongOption("parameters", e.Message);
        }
    }

    private double InUnit(int sensor, double deviations) =>
        _parameters.Means[sensor] + (deviations * _parameters.Deviations[sensor]);

    private Span<double> Mean(Span<double> state, int gain) =>
        state.Slice(FirstMean + (gain * _inputs.Length), _inputs.Length);

    private ReadOnlySpan<double> Mean(ReadOnlySpan<double> state, int gain) =>
        state.Slice(FirstMean + (gain * _inputs.Length), _inputs.Length);

    /// <summary>A row moves a running mean; a sensor that is NaN follows what the others let expect of it.</summary>
    private void Move(ReadOnlySpan<double> inputs, Span<double> mean, int gain)
    {
        int silent = 0;
        for (int i = 0; i < mean.Length; i++)
        {
            double value = inputs[_inputs[i]];
            if (Magnitude.IsUsable(value))
            {
                double deviation = Math.Clamp(
                    (value - _parameters.Means[i]) / _parameters.Deviations[i], -MostDeviations, MostDeviations);
                mean[i] += _parameters.Gains[gain] * (deviation - mean[i]);
            }
            else
            {
                silent++;
            }
        }

        // One sweep is exact for one silent sensor; of several, each takes the others as they were guessed last.
        for (int i = 0; i < mean.Length && silent > 0; i++)
        {
            if (!Magnitude.IsUsable(inputs[_inputs[i]]))
            {
                double pull = SymmetricMatrix.Dot(_precisions[gain].Row(i), mean) / _precisions[gain][i, i];
                mean[i] = Math.Clamp(mean[i] - pull, -MostDeviations, MostDeviations);
                silent--;
            }
        }
    }

    /// <summary>Which running mean is farthest beyond its limit.</summary>
    private (int Gain, double Ratio) Farthest(ReadOnlySpan<double> state)
    {
        (int Gain, double Ratio) farthest = (0, -1);
        for (int g = 0; g < _precisions.Length; g++)
        {
            double ratio = _precisions[g].Quadratic(Mean(state, g)) / _parameters.Limits[g];
            farthest = ratio > farthest.Ratio ? (g, ratio) : farthest;
        }

        return farthest;
    }
}
