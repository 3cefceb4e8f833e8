using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Signals;

/// <summary>
/// Signals on made-up bearings: sound ones are noise, defective ones have an impact at each passing of the outer ring
/// that sets off a resonance (McFadden and Smith, Journal of Sound and Vibration 96, 1984), weaker than the noise.
/// </summary>
/// <param name="Found">The part of the defective blocks that the model tells.</param>
/// <param name="False">The part of the sound blocks that it calls defective.</param>
/// <param name="KurtosisFound">
/// The part of the defective blocks whose kurtosis passes that of 99 % of sound ones.
/// </param>
/// <param name="Cost">Of a block.</param>
internal sealed record BearingBench(double Found, double False, double KurtosisFound, ModelCost Cost)
{
    public const int Samples = 4096;
    public const int Blocks = 1000;

    private const double Rate = 12_000;
    private const double Speed = 29.95;
    private const double Passing = 3.5848 * Speed;
    private const double Resonance = 3_300;
    private const double Damping = 900;

    // Of a noise of deviation one: the RMS of the impacts, L · sqrt(rate of passing / (4 · damping)), is 0.35.
    private const double Loudness = 2;
    private const string Bearing =
        """{ "balls": 9, "ballDiameter": 7.94, "pitchDiameter": 39.04, "speed": 29.95, "speedUnit": "hertz" }""";

    public static BearingBench Run()
    {
        IPredictiveModel model = new ServiceCollection().AddTwinGridModels().BuildServiceProvider()
            .GetServices<PredictiveModelType>().First(type => type.Type == "Signals").Create(new ModelDefinition
            {
                Name = "bench",
                Type = "Signals",
                Inputs = ["vibration"],
                Options = JsonDocument.Parse(Bearing).RootElement,
            });
        double[] state = new double[model.StateLength];
        double[] sound = new double[Blocks];
        double[] defective = new double[Blocks];
        (int found, int wrong, double seconds) = (0, 0, 0);
        for (int i = 0; i < 2 * Blocks; i++)
        {
            bool isSound = i % 2 == 0;
            double[] samples = Block(new Random(i), isSound ? 0 : Loudness);
            model.Initialize(state);
            Prediction said = Prediction.None;
            double start = ModelCost.CpuSeconds;
            WaveformBlock block = new(samples, Rate);
            WaveformFeatures features = block.Measure()!;
            model.Update(
                new ModelInput(i, [double.NaN], 1, double.NaN, false) { Waveform = block with { Features = features } },
                state,
                ref said);
            seconds += ModelCost.CpuSeconds - start;
            bool isTold = said.Value >= said.Threshold;
            (found, wrong) = isSound ? (found, wrong + (isTold ? 1 : 0)) : (found + (isTold ? 1 : 0), wrong);
            (isSound ? sound : defective)[i / 2] = features.Kurtosis;
        }

        Array.Sort(sound);
        double bound = sound[(int)(0.99 * Blocks)];
        return new BearingBench(
            found / (double)Blocks,
            wrong / (double)Blocks,
            defective.Count(kurtosis => kurtosis > bound) / (double)Blocks,
            new ModelCost(2 * Blocks, seconds, model.StateLength * sizeof(double)));
    }

    private static double[] Block(Random chance, double loudness)
    {
        double[] samples = new double[Samples];
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = Noise.Gaussian(chance);
        }

        // Each passing slips a little.
        for (double at = chance.NextDouble() / Passing; at < Samples / Rate;
            at += (1 + (0.005 * Noise.Gaussian(chance))) / Passing)
        {
            int last = Math.Min(Samples, (int)((at + (10 / Damping)) * Rate));
            for (int i = (int)Math.Ceiling(at * Rate); i < last; i++)
            {
                double since = (i / Rate) - at;
                samples[i] += loudness * Math.Exp(-Damping * since) * Math.Sin(2 * Math.PI * Resonance * since);
            }
        }

        return samples;
    }
}
