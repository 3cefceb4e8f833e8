using System.Globalization;
using System.Text.Json;

namespace TwinGrid.Models.RemainingLife;

/// <summary>
/// How long a unit will still run before it fails, in the unit in which its age is counted: a median and an interval,
/// learnt from units of its kind that ran until they failed.
/// </summary>
/// <remarks>
/// <para>Formula: each sensor as deviations from its mean in the operating regime of the moment; exponential means of
/// these over three memories (<see cref="LifeFilter"/>); small networks on the means, their differences and the age
/// (<see cref="LifeNetwork"/>), trained on min(remaining, cap) (Heimes, PHM 2008) by
/// <see cref="RemainingLifeTrainer"/>; an interval from what the networks said of units that they had not seen (CV+,
/// Barber et al. 2021). Regime by regime as in Peel (PHM 2008).</para>
/// <para>Says: nothing before the first reading in a known regime; then <c>value</c> the median, <c>lower</c> and
/// <c>upper</c>, <c>confidence</c> their coverage, <c>horizon</c> the value in seconds at the rate at which the unit
/// has aged lately, <c>threshold</c> the cap. A value near the cap means "at least": truth beyond it is not told
/// apart, and the interval covers min(truth, cap).</para>
/// <para>Inputs: every name in the parameters' <c>settings</c> and <c>sensors</c>, and <c>age</c> where they name a
/// counter (cycles, hours since new). Without a counter an age is one usual step per reading, a reading being over
/// when a sensor comes a second time; so a twin that begins in the middle of a life needs the counter. Messages may
/// carry some sensors only. A counter that goes back, or ahead by more than a tenth of a median life and two usual
/// steps, is believed when the next goes on from there, so that one wild value ages nobody; the first counter is judged
/// as if the one before were 0, so a twin that begins in the middle of a life says nothing before the second. One that
/// goes back makes nothing younger.</para>
/// <para>Options: <c>parameters</c> (required; an object as <see cref="RemainingLifeParameters.ToJson"/> writes it;
/// another set begins the twins' state anew), <c>resetOn</c> (none; the name of an input, boolean: when it turns
/// true the unit is as new, because it was repaired or replaced, and its age counts from there).</para>
/// <para>Fails on ways to fail that no history shows; in regimes that no history shows (such readings are left out,
/// the last estimate stays); where repair leaves old parts in place; long before the end, where only the cap is
/// known. A silent sensor is as it was last.</para>
/// </remarks>
internal sealed class RemainingLifeModel : IPredictiveModel
{
    public const string TypeName = "RemainingLife";

    // The model's own part of the state, before the filter's.
    private const int Born = 0;
    private const int Counter = 1;
    private const int Repaired = 2;
    private const int Time = 3;
    private const int SecondsPerAge = 4;
    private const int Doubted = 5;
    private const int FilterAt = 6;

    private const double PaceGain = 0.1;
    private const double LivesOfLeap = 0.1;
    private const double StepsOfLeap = 2;
    private const int MostBlamed = 3;

    private readonly RemainingLifeParameters _parameters;
    private readonly RegimeMap _map;
    private readonly LifeFilter _filter;
    private readonly LifeEstimate _estimate;
    private readonly int[] _settings;
    private readonly int[] _sensors;
    private readonly int _age;
    private readonly int _resetOn;
    private readonly double _mostStep;

    public RemainingLifeModel(ModelDefinition definition)
    {
        ModelOptions options = new(definition);
        if (definition.Output is not null)
        {
            throw new DefinitionException(
                $"model '{definition.Name}'", "output", $"{TypeName} has no output: leave it out");
        }

        _parameters = Parameters(options);
        _resetOn = options.OptionalInput("resetOn") ?? -1;
        options.RefuseOthers();

        const string Who = "the set of parameters";
        _settings = [.. _parameters.Settings.Select(name => options.RequiredInput(name, Who))];
        _sensors = [.. _parameters.Sensors.Select(name => options.RequiredInput(name, Who))];
        _age = _parameters.Age is { } age ? options.RequiredInput(age, Who) : -1;
        _map = new RegimeMap(
            Array.ConvertAll(_parameters.Regimes, regime => regime.Centre),
            _parameters.SettingWeights,
            _parameters.Radius);
        _filter = new LifeFilter(
            _parameters.Regimes, _parameters.Memories, _parameters.Pace, _parameters.MedianLife);
        _estimate = new LifeEstimate(_filter, _parameters);
        _mostStep = Math.Max(LivesOfLeap * _parameters.MedianLife, StepsOfLeap * _parameters.Pace);
    }

    public int Version => 3;

    public int StateLength => FilterAt + _filter.StateLength;

    /// <summary>None: the unit of age, which is the histories' (cycles, hours).</summary>
    public string? Unit => null;

    public void Initialize(Span<double> state)
    {
        state.Clear();
        state[Counter] = double.NaN;
        state[Time] = double.NaN;
        state[SecondsPerAge] = double.NaN;
        state[Doubted] = double.NaN;
        _filter.Begin(state[FilterAt..]);
    }

    public void Update(in ModelInput input, Span<double> state, ref Prediction prediction)
    {
        if (IsRepaired(input, state))
        {
            BeAsNew(input, state);
            prediction = Prediction.None with { At = input.Time };
            if (_age >= 0 && !HasCome(input, _age))
            {
                return;
            }
        }

        Span<double> filter = state[FilterAt..];
        bool isOlder = Grow(input, state);
        if (double.IsNaN(filter[LifeFilter.Age]))
        {
            return;
        }

        FindRegime(input, filter);
        bool sawSensor = filter[LifeFilter.Regime] >= 0 && See(input, filter);
        if (sawSensor || (isOlder && prediction.HasValue))
        {
            Say(input.Time, state, ref prediction);
        }
    }

    public string Explain(in Prediction prediction, ReadOnlySpan<double> state)
    {
        ReadOnlySpan<double> filter = state[FilterAt..];
        if (!prediction.HasValue)
        {
            return WhyNothing(state);
        }

        string most = prediction.Value >= prediction.Threshold - 1e-9 ? "at least " : "";
        string what = string.Create(
            CultureInfo.InvariantCulture,
            $"{most}{Wording.Number(prediction.Value)} left at age {Wording.Number(filter[LifeFilter.Age])} "
            + $"({Wording.Number(prediction.Lower)} to {Wording.Number(prediction.Upper)} "
            + $"at {prediction.Confidence:0.##%} confidence)");
        List<string> reasons = Reasons(filter);
        string known = filter[LifeFilter.Regime] < 0 ? "; its settings are in no known regime now" : "";
        return reasons.Count == 0
            ? $"{what}: no sensor differs much from a healthy unit's{known}"
            : $"{what}: {string.Join(", ", reasons)}{known}";
    }

    public IReadOnlyList<Contribution> Contributions(in Prediction prediction, ReadOnlySpan<double> state)
    {
        if (!prediction.HasValue)
        {
            return [];
        }

        var shorteners = Shorteners(state[FilterAt..], Noticeable);
        double all = shorteners.Sum(shortener => shortener.Shortens);
        return shorteners.Count > 0
            ? [.. shorteners.Select(s => new Contribution(
                _parameters.Sensors[s.Sensor], s.Expected, s.Seen, s.Shortens / all))]
            : [.. Shorteners(state[FilterAt..], double.NegativeInfinity).Select(s => new Contribution(
                _parameters.Sensors[s.Sensor], s.Expected, s.Seen, Share: 0))];
    }

    private static string WhyNothing(ReadOnlySpan<double> state)
    {
        if (!double.IsNaN(state[FilterAt + LifeFilter.Age]))
        {
            return "the unit runs as no history of the fleet did: its settings are in no known regime";
        }

        return double.IsNaN(state[Doubted])
            ? "no sensor was read yet"
            : $"the unit's age is not known yet: its counter reads {Wording.Number(state[Doubted])}, which is believed "
                + "when the next goes on from there";
    }

    private static RemainingLifeParameters Parameters(ModelOptions options)
    {
        JsonElement json = options.RequiredObject("parameters");
        try
        {
            return RemainingLifeParameters.Parse(json);
        }
        catch (JsonException e)
        {
            throw options.WrongOption("parameters", e.Message);
        }
    }

    private bool IsRepaired(in ModelInput input, Span<double> state)
    {
        // What is not known turns nothing: else the next true would be a second repair.
        if (_resetOn < 0 || !HasCome(input, _resetOn) || !Magnitude.IsUsable(input.Inputs[_resetOn]))
        {
            return false;
        }

        double before = state[Repaired];
        state[Repaired] = input.Inputs[_resetOn] > 0 ? 1 : 0;
        return state[Repaired] > before;
    }

    private void BeAsNew(in ModelInput input, Span<double> state)
    {
        // With the message of a cycle, that cycle is the new life's first; alone, the next one is.
        bool isKnown = _age >= 0 && Magnitude.IsUsable(input.Inputs[_age]);
        double counter = isKnown ? input.Inputs[_age] : state[Counter];
        double first = isKnown && HasCome(input, _age) ? _parameters.Pace : 0;
        (double repaired, double perAge) = (state[Repaired], state[SecondsPerAge]);
        Initialize(state);
        (state[Repaired], state[SecondsPerAge]) = (repaired, perAge);
        state[Born] = double.IsNaN(counter) ? 0 : counter - first;
        state[Counter] = counter;
    }

    /// <summary>Takes the unit's age from its counter, or counts; true when it is older than before.</summary>
    private bool Grow(in ModelInput input, Span<double> state)
    {
        Span<double> filter = state[FilterAt..];
        double before = filter[LifeFilter.Age];
        bool isFirst = double.IsNaN(before);
        double counter = _age >= 0 ? input.Inputs[_age] : double.NaN;
        if (Magnitude.IsUsable(counter))
        {
            Count(input, counter, isFirst ? 0 : before, state);
        }
        else if (isFirst || (double.IsNaN(state[Counter]) && BeginsReading(input, filter)))
        {
            _filter.Grow(filter, isFirst ? _parameters.Pace : before + _parameters.Pace);
        }

        bool isOlder = isFirst ? !double.IsNaN(filter[LifeFilter.Age]) : filter[LifeFilter.Age] > before;
        if (isOlder)
        {
            LearnPace(input.Time, filter[LifeFilter.Age] - before, state);
        }

        return isOlder;
    }

    /// <summary>Takes a counter that goes on from the last one, or from the one that came since and did not.</summary>
    private void Count(in ModelInput input, double counter, double age, Span<double> state)
    {
        bool goesOn = IsStep(counter - (double.IsNaN(state[Counter]) ? 0 : state[Counter]));

        // A counter that is stuck goes on from nothing.
        bool isMeant = HasCome(input, _age) && counter != state[Doubted] && IsStep(counter - state[Doubted]);
        if (goesOn || isMeant)
        {
            if (counter < state[Counter])
            {
                state[Born] = state[Doubted] - age;
            }

            state[Counter] = counter;
            state[Doubted] = double.NaN;
            _filter.Grow(state[FilterAt..], counter - state[Born]);
        }
        else if (HasCome(input, _age))
        {
            state[Doubted] = counter;
        }
    }

    private bool IsStep(double step) => step >= 0 && step <= _mostStep;

    /// <summary>A reading is over when a sensor comes that it already has.</summary>
    private bool BeginsReading(in ModelInput input, ReadOnlySpan<double> filter)
    {
        for (int i = 0; i < _sensors.Length; i++)
        {
            if (HasCome(input, _sensors[i]) && _filter.HasCome(filter, i))
            {
                return true;
            }
        }

        return false;
    }

    private static void LearnPace(long time, double aged, Span<double> state)
    {
        double seconds = (time - state[Time]) / UnixMicroseconds.PerSecond / aged;
        if (seconds > 0 && Magnitude.IsUsable(seconds))
        {
            bool isFirst = double.IsNaN(state[SecondsPerAge]);
            state[SecondsPerAge] = isFirst
                ? seconds
                : state[SecondsPerAge] + (PaceGain * (seconds - state[SecondsPerAge]));
        }

        state[Time] = time;
    }

    private void FindRegime(in ModelInput input, Span<double> filter)
    {
        Span<double> settings = stackalloc double[_settings.Length];
        for (int i = 0; i < settings.Length; i++)
        {
            settings[i] = input.Inputs[_settings[i]];
        }

        filter[LifeFilter.Regime] = _map.Find(settings);
    }

    private bool See(in ModelInput input, Span<double> filter)
    {
        bool saw = false;
        for (int i = 0; i < _sensors.Length; i++)
        {
            int index = _sensors[i];
            if (HasCome(input, index) && Magnitude.IsUsable(input.Inputs[index]))
            {
                _filter.See(filter, i, input.Inputs[index]);
                saw = true;
            }
        }

        return saw;
    }

    private void Say(long time, Span<double> state, ref Prediction prediction)
    {
        double predicted = _estimate.Predict(state[FilterAt..]);
        (double lower, double median, double upper) = _parameters.Interval.At(predicted);
        prediction = Prediction.None with
        {
            At = time,
            Value = median,
            Lower = lower,
            Upper = upper,
            Confidence = _parameters.Confidence,
            Horizon = median * state[SecondsPerAge],
            Threshold = _parameters.Cap,
        };
    }

    private List<string> Reasons(ReadOnlySpan<double> filter)
    {
        List<string> reasons = [];
        foreach ((int sensor, double shortens, double expected, double seen) in Shorteners(filter, Noticeable))
        {
            reasons.Add(
                $"{_parameters.Sensors[sensor]} averages {Wording.Number(seen)} where {Wording.Number(expected)} is "
                + $"healthy (-{Wording.Number(Math.Round(shortens))})");
        }

        return reasons;
    }

    /// <summary>What a sensor must shorten the life by to be named: 2 % of what is told apart.</summary>
    private double Noticeable => 0.02 * _parameters.Cap;

    /// <summary>The sensors that shorten the life most, at most three, with what is healthy and was seen.</summary>
    private List<(int Sensor, double Shortens, double Expected, double Seen)> Shorteners(
        ReadOnlySpan<double> filter, double least)
    {
        List<(int Sensor, double Shortens, double Expected, double Seen)> shorteners = [];
        int regime = Math.Max(0, (int)filter[LifeFilter.Regime]);
        foreach ((int sensor, double shortens) in _estimate.Blame(filter))
        {
            double seen = _filter.Seen(filter, sensor);
            if (shorteners.Count == MostBlamed || shortens < least || double.IsNaN(seen))
            {
                break;
            }

            double expected = _filter.InUnit(regime, sensor, _parameters.Healthy[sensor]);
            shorteners.Add((sensor, shortens, expected, _filter.InUnit(regime, sensor, seen)));
        }

        return shorteners;
    }

    private static bool HasCome(in ModelInput input, int index) => (input.InputsChanged & (1UL << index)) != 0;
}
