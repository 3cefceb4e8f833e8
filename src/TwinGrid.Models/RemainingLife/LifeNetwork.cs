using System.Runtime.Intrinsics;

namespace TwinGrid.Models.RemainingLife;

/// <summary>
/// A small network of two hidden layers: features in, one number out. A plain value: its shape and its weights.
/// </summary>
/// <remarks>
/// The activation is tanh's Padé approximant x(27 + x²)/(27 + 9x²), held at ±1 beyond |x| = 3: a few
/// multiplications, and the same bits wherever it runs, which a library's tanh does not promise.
/// </remarks>
/// <param name="Inputs">How many features.</param>
/// <param name="First">Width of the first hidden layer; a multiple of 8.</param>
/// <param name="Second">Width of the second; a multiple of 8.</param>
/// <param name="Weights">
/// First layer input by input, its bias, second layer unit by unit, its bias, the last layer, its bias.
/// </param>
public sealed record LifeNetwork(int Inputs, int First, int Second, float[] Weights)
{
    internal const int Lanes = 8;
    internal const int MostWidth = 64;

    internal int FirstBias => Inputs * First;

    internal int SecondAt => FirstBias + First;

    internal int SecondBias => SecondAt + (First * Second);

    internal int LastAt => SecondBias + Second;

    internal int LastBias => LastAt + Second;

    internal static int WeightsOf(int inputs, int first, int second) =>
        (inputs * first) + first + (first * second) + second + second + 1;

    /// <summary>True when the shape is one that can run and there are as many weights as it needs.</summary>
    internal bool IsSound => Inputs > 0 && IsWidth(First) && IsWidth(Second)
        && Weights.Length == WeightsOf(Inputs, First, Second) && Array.TrueForAll(Weights, float.IsFinite);

    internal float Run(ReadOnlySpan<float> features)
    {
        Span<float> first = stackalloc float[MostWidth];
        Span<float> second = stackalloc float[MostWidth];
        Layer(features, 0, FirstBias, first[..First]);
        Activate(first[..First]);
        Layer(first[..First], SecondAt, SecondBias, second[..Second]);
        Activate(second[..Second]);
        float sum = Weights[LastBias];
        for (int i = 0; i < Second; i++)
        {
            sum += second[i] * Weights[LastAt + i];
        }

        return sum;
    }

    /// <summary>output = bias + inputs · weights, the weights of one input side by side.</summary>
    internal void Layer(ReadOnlySpan<float> inputs, int weightsAt, int biasAt, Span<float> output)
    {
        int lane = 0;
        for (; lane + (3 * Lanes) <= output.Length; lane += 3 * Lanes)
        {
            ThreeLanes(inputs, ref Weights[weightsAt + lane], ref Weights[biasAt + lane], output, lane);
        }

        for (; lane < output.Length; lane += Lanes)
        {
            ref float weights = ref Weights[weightsAt + lane];
            Vector256<float> sum = Vector256.LoadUnsafe(ref Weights[biasAt + lane]);
            for (int i = 0; i < inputs.Length; i++)
            {
                // Multiplied and added apart: a fused step would give other bits on other processors.
                sum += Vector256.Create(inputs[i]) * Vector256.LoadUnsafe(ref weights, (nuint)(i * output.Length));
            }

            sum.StoreUnsafe(ref output[lane]);
        }
    }

    /// <summary>Three sums at once, so that none waits for its own last addition: a third of the time.</summary>
    private static void ThreeLanes(
        ReadOnlySpan<float> inputs, ref float weights, ref float bias, Span<float> output, int lane)
    {
        Vector256<float> left = Vector256.LoadUnsafe(ref bias);
        Vector256<float> middle = Vector256.LoadUnsafe(ref bias, Lanes);
        Vector256<float> right = Vector256.LoadUnsafe(ref bias, 2 * Lanes);
        for (int i = 0; i < inputs.Length; i++)
        {
            Vector256<float> input = Vector256.Create(inputs[i]);
            nuint at = (nuint)(i * output.Length);
            left += input * Vector256.LoadUnsafe(ref weights, at);
            middle += input * Vector256.LoadUnsafe(ref weights, at + Lanes);
            right += input * Vector256.LoadUnsafe(ref weights, at + (2 * Lanes));
        }

        left.StoreUnsafe(ref output[lane]);
        middle.StoreUnsafe(ref output[lane + Lanes]);
        right.StoreUnsafe(ref output[lane + (2 * Lanes)]);
    }

    internal static void Activate(Span<float> layer)
    {
        for (int lane = 0; lane < layer.Length; lane += Lanes)
        {
            Vector256<float> x = Vector256.LoadUnsafe(ref layer[lane]);
            x = Vector256.Min(Vector256.Max(x, Vector256.Create(-3f)), Vector256.Create(3f));
            Vector256<float> square = x * x;
            Vector256<float> tanh = x * (Vector256.Create(27f) + square)
                / (Vector256.Create(27f) + (Vector256.Create(9f) * square));
            tanh.StoreUnsafe(ref layer[lane]);
        }
    }

    private static bool IsWidth(int width) => width is > 0 and <= MostWidth && width % Lanes == 0;
}
