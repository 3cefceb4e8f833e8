namespace WindFarm.Simulation;

/// <summary>
/// The one thing that goes wrong: a turbine's bearing loses its grease some seconds after the first live picture and
/// gets new grease later. Every minute it is the next turbine's turn. Thread-safe.
/// </summary>
internal sealed class BearingFault
{
    /// <summary>The number of the first turbine that it strikes.</summary>
    public const int FirstTurbine = 7;

    private const double Onset = 1;
    private const double Cure = 45;
    private const double Period = 60;
    private const double DryFriction = 7;
    private const int NextTurbine = 11;

    private readonly TimeProvider _time;
    private readonly int _turbines;
    private long _begun;

    public BearingFault(TimeProvider time, int turbines)
    {
        _time = time;
        _turbines = turbines;
    }

    /// <summary>Starts the schedule: the first live picture stands.</summary>
    public void Begin() => Volatile.Write(ref _begun, _time.GetTimestamp());

    /// <summary>The friction now in the bearing of the turbine of that number; 1 for a sound one.</summary>
    public double FrictionOf(int turbine)
    {
        long begun = Volatile.Read(ref _begun);
        if (begun == 0)
        {
            return 1;
        }

        double seconds = _time.GetElapsedTime(begun).TotalSeconds;
        int turn = (int)(seconds / Period);
        double second = seconds - turn * Period;
        int struck = 1 + (FirstTurbine - 1 + turn * NextTurbine) % _turbines;
        return turbine == struck && second is >= Onset and < Cure ? DryFriction : 1;
    }
}
