namespace TwinGrid.Tests.Models;

/// <summary>Vibrations of which mathematics says what is in them.</summary>
internal static class SignalBlocks
{
    /// <summary>Samples per second of <see cref="Machine"/>.</summary>
    public const double MachineRate = 64;

    /// <summary>
    /// Two seconds at a turn a second, the outer ring of a bearing with nine balls of 7.94 mm on 39.04 mm defective:
    /// 9/2 · (1 - 7.94/39.04) = 3.585 passings a turn.
    /// </summary>
    public static readonly double[] Machine =
        Of(128, MachineRate, t => (1 + (0.8 * Math.Cos(2 * Math.PI * 3.585 * t))) * Math.Sin(2 * Math.PI * 16 * t));

    public static double[] Of(int samples, double rate, Func<double, double> signal) =>
        [.. Enumerable.Range(0, samples).Select(i => signal(i / rate))];

    public static double[] Gaussian(int samples, int seed, double deviation = 1)
    {
        Noise noise = new(seed);
        return [.. Enumerable.Range(0, samples).Select(_ => deviation * noise.Gaussian())];
    }

    /// <summary>
    /// A defect as McFadden and Smith model it (Journal of Sound and Vibration 96, 1984): at each passing an impact
    /// sets off a resonance that dies away; on the inner ring the load, and with it the impact, turns with the shaft.
    /// Each passing slips a little.
    /// </summary>
    public static double[] Defect(
        int samples, double rate, double passing, double resonance, double noise, int seed, double shaft = 0)
    {
        const double Damping = 900;
        Noise random = new(seed);
        double[] signal = Gaussian(samples, seed + 1, noise);
        double end = samples / rate;
        for (double at = 0; at < end; at += (1 + (0.005 * random.Gaussian())) / passing)
        {
            double load = shaft > 0 ? Math.Max(0, Math.Cos(2 * Math.PI * shaft * at)) : 1;
            int last = Math.Min(samples, (int)((at + (10 / Damping)) * rate));
            for (int i = (int)Math.Ceiling(at * rate); i < last; i++)
            {
                double since = (i / rate) - at;
                signal[i] += load * Math.Exp(-Damping * since) * Math.Sin(2 * Math.PI * resonance * since);
            }
        }

        return signal;
    }
}
