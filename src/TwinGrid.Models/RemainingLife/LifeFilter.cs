namespace TwinGrid.Models.RemainingLife;

/// <summary>
/// What a unit's past is boiled down to: each sensor, seen relative to its operating regime, as exponential means
/// over several memories. The same code learns from histories and runs in a twin. Immutable, thread-safe.
/// </summary>
/// <remarks>
/// State: age, regime, one weight per memory, then per sensor the age at which it last came and its means. A mean
/// with memory τ moves by (1 - e^(-Δ/τ))/w after Δ of age, w the weight of all that came before and this: so the
/// first readings make a plain mean, and a gap counts as what it is. The features are the shortest mean and the
/// differences of neighbours (how a sensor moves, fast and slowly), and the age.
/// </remarks>
internal sealed class LifeFilter
{
    public const int Age = 0;
    public const int Regime = 1;
    public const int MostMemories = 6;

    /// <summary>A reading farther out says no more than one so far out.</summary>
    private const double MostDeviations = 6;

    private const double OldestAge = 1e12;
    private const int FirstWeight = 2;

    private readonly OperatingRegime[] _regimes;
    private readonly double[] _memories;
    private readonly double[] _shares;
    private readonly double _pace;
    private readonly double _medianLife;

    /// <summary>Makes a filter.</summary>
    /// <param name="regimes">What sensors show in each regime.</param>
    /// <param name="memories">Memories in the unit of age, rising.</param>
    /// <param name="pace">The usual age between two readings.</param>
    /// <param name="medianLife">The median life.</param>
    public LifeFilter(OperatingRegime[] regimes, double[] memories, double pace, double medianLife)
    {
        (_regimes, _memories, _pace, _medianLife) = (regimes, memories, pace, medianLife);
        _shares = Array.ConvertAll(memories, memory => 1 - Math.Exp(-pace / memory));
        Sensors = regimes[0].Means.Length;
    }

    public int Sensors { get; }

    public int StateLength => FirstWeight + _memories.Length + (Sensors * (1 + _memories.Length));

    /// <summary>How many features there are.</summary>
    public int Width => (Sensors * _memories.Length) + 2;

    /// <summary>The state of a unit that has sent nothing.</summary>
    public void Begin(Span<double> state)
    {
        state.Clear();
        state[Age] = double.NaN;
        state[Regime] = -1;
        for (int sensor = 0; sensor < Sensors; sensor++)
        {
            state[At(sensor)] = double.NaN;
        }
    }

    /// <summary>True when the sensor came since the unit was last older.</summary>
    public bool HasCome(ReadOnlySpan<double> state, int sensor) => state[At(sensor)] == state[Age];

    /// <summary>The unit is as old as this now; an age not above the last one is no step.</summary>
    public void Grow(Span<double> state, double age)
    {
        age = Math.Clamp(age, 0, OldestAge);
        double passed = double.IsNaN(state[Age]) ? _pace : age - state[Age];
        if (!(passed > 0))
        {
            return;
        }

        state[Age] = age;
        for (int m = 0; m < _memories.Length; m++)
        {
            ref double weight = ref state[FirstWeight + m];
            weight += (1 - weight) * Share(passed, m);
        }
    }

    /// <summary>A sensor's reading came, in the regime that the state names.</summary>
    public void See(Span<double> state, int sensor, double value)
    {
        OperatingRegime regime = _regimes[(int)state[Regime]];
        double deviations = Math.Clamp(
            (value - regime.Means[sensor]) / regime.Deviations[sensor], -MostDeviations, MostDeviations);
        Span<double> own = state.Slice(At(sensor), 1 + _memories.Length);
        double passed = state[Age] - own[0];
        if (double.IsNaN(passed))
        {
            own[1..].Fill(deviations);
        }
        else
        {
            for (int m = 0; m < _memories.Length; m++)
            {
                double gain = Math.Min(1, Share(passed, m) / state[FirstWeight + m]);
                own[1 + m] += gain * (deviations - own[1 + m]);
            }
        }

        own[0] = state[Age];
    }

    /// <summary>Writes the features.</summary>
    public void Describe(ReadOnlySpan<double> state, Span<double> features)
    {
        int next = 0;
        for (int sensor = 0; sensor < Sensors; sensor++)
        {
            ReadOnlySpan<double> means = state.Slice(At(sensor) + 1, _memories.Length);
            features[next++] = means[0];
            for (int m = 1; m < means.Length; m++)
            {
                features[next++] = means[m] - means[m - 1];
            }
        }

        double lives = state[Age] / _medianLife;
        features[next++] = lives;
        features[next] = Math.Exp(-10 * lives);
    }

    /// <summary>A sensor's mean over the shortest memory, in deviations; NaN when it never came.</summary>
    public double Seen(ReadOnlySpan<double> state, int sensor) =>
        double.IsNaN(state[At(sensor)]) ? double.NaN : state[At(sensor) + 1];

    /// <summary>Makes the state as if this sensor had always shown a value.</summary>
    /// <param name="state">Changed in place.</param>
    /// <param name="sensor">The sensor.</param>
    /// <param name="deviations">The value, in deviations.</param>
    public void Pretend(Span<double> state, int sensor, double deviations) =>
        state.Slice(At(sensor) + 1, _memories.Length).Fill(deviations);

    /// <summary>Deviations in a regime as the sensor's own unit.</summary>
    public double InUnit(int regime, int sensor, double deviations) =>
        _regimes[regime].Means[sensor] + (deviations * _regimes[regime].Deviations[sensor]);

    private int At(int sensor) => FirstWeight + _memories.Length + (sensor * (1 + _memories.Length));

    private double Share(double passed, int memory) =>
        passed == _pace ? _shares[memory] : 1 - Math.Exp(-passed / _memories[memory]);
}
