using System.Runtime.Intrinsics;

namespace TwinGrid.Models.RemainingLife;

/// <summary>
/// Trains a <see cref="LifeNetwork"/>: weighted squared error, Adam with decoupled weight decay (Kingma and Ba 2015,
/// Loshchilov and Hutter 2019) and a cosine of the step, in mini-batches. One thread and a seed: the same rows give
/// the same weights on the same processor architecture.
/// </summary>
internal sealed class LifeNetworkTrainer
{
    private const int Batch = 64;
    private const double StepSize = 0.004;
    private const double Decay = 0.1;
    private const double WarmShare = 0.05;
    private const float KeepMean = 0.9f;
    private const float KeepSquare = 0.999f;

    private readonly LifeNetwork _network;
    private readonly float[] _gradient;
    private readonly float[] _mean;
    private readonly float[] _square;
    private readonly float[] _first;
    private readonly float[] _second;
    private readonly float[] _firstError;
    private readonly float[] _secondError;

    private LifeNetworkTrainer(LifeNetwork network)
    {
        _network = network;
        (_gradient, _mean, _square) = (new float[Size], new float[Size], new float[Size]);
        (_first, _firstError) = (new float[network.First], new float[network.First]);
        (_second, _secondError) = (new float[network.Second], new float[network.Second]);
    }

    private int Size => _network.Weights.Length;

    /// <summary>Trains a network.</summary>
    /// <param name="rows">Features, targets and weights.</param>
    /// <param name="use">The rows to learn from.</param>
    /// <param name="first">Width of the first hidden layer.</param>
    /// <param name="second">Width of the second.</param>
    /// <param name="epochs">How often each row is seen.</param>
    /// <param name="seed">Of the first weights and of the order of rows.</param>
    public static LifeNetwork Train(LifeRows rows, int[] use, int first, int second, int epochs, int seed)
    {
        Random chance = new(seed);
        float[] weights = new float[LifeNetwork.WeightsOf(rows.Width, first, second)];
        LifeNetwork network = new(rows.Width, first, second, weights);
        Fill(weights.AsSpan(0, network.FirstBias), rows.Width, chance);
        Fill(weights.AsSpan(network.SecondAt, first * second), first, chance);
        Fill(weights.AsSpan(network.LastAt, second), second, chance);

        LifeNetworkTrainer trainer = new(network);
        int[] order = [.. use];
        int batches = (order.Length + Batch - 1) / Batch;
        long step = 0;
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            chance.Shuffle(order);
            for (int start = 0; start < order.Length; start += Batch)
            {
                ReadOnlySpan<int> batch = order.AsSpan(start, Math.Min(Batch, order.Length - start));
                trainer.Learn(rows, batch, ++step, (double)step / ((long)epochs * batches));
            }
        }

        return network;
    }

    private static void Fill(Span<float> weights, int inputs, Random chance)
    {
        for (int i = 0; i < weights.Length; i++)
        {
            // Box and Muller (1958).
            double radius = Math.Sqrt(-2 * Math.Log(1 - chance.NextDouble()));
            weights[i] = (float)(radius * Math.Cos(2 * Math.PI * chance.NextDouble()) / Math.Sqrt(inputs));
        }
    }

    private void Learn(LifeRows rows, ReadOnlySpan<int> batch, long step, double done)
    {
        Array.Clear(_gradient);
        foreach (int row in batch)
        {
            ReadOnlySpan<float> features = rows.Features(row);
            float error = rows.Weight[row] * (Forward(features) - rows.Target[row]);
            Backward(features, error / batch.Length);
        }

        double size = StepSize * (done < WarmShare ? done / WarmShare
            : (1 + Math.Cos(Math.PI * (done - WarmShare) / (1 - WarmShare))) / 2);
        Move(
            (float)(size / (1 - Math.Pow(KeepMean, step))),
            (float)(1 / (1 - Math.Pow(KeepSquare, step))),
            (float)(1 - (size * Decay)));
    }

    private float Forward(ReadOnlySpan<float> features)
    {
        _network.Layer(features, 0, _network.FirstBias, _first);
        LifeNetwork.Activate(_first);
        _network.Layer(_first, _network.SecondAt, _network.SecondBias, _second);
        LifeNetwork.Activate(_second);
        float sum = _network.Weights[_network.LastBias];
        for (int i = 0; i < _second.Length; i++)
        {
            sum += _second[i] * _network.Weights[_network.LastAt + i];
        }

        return sum;
    }

    // The slope of the activation is taken as tanh's, 1 - y²: it differs from the approximant's by a few hundredths.
    private void Backward(ReadOnlySpan<float> features, float error)
    {
        float[] weights = _network.Weights;
        _gradient[_network.LastBias] += error;
        for (int i = 0; i < _second.Length; i++)
        {
            float output = _second[i];
            _gradient[_network.LastAt + i] += error * output;
            _secondError[i] = error * weights[_network.LastAt + i] * (1 - (output * output));
        }

        for (int i = 0; i < _first.Length; i++)
        {
            int at = _network.SecondAt + (i * _second.Length);
            float output = _first[i];
            Vector256<float> back = Vector256<float>.Zero;
            for (int lane = 0; lane < _second.Length; lane += LifeNetwork.Lanes)
            {
                back += Vector256.LoadUnsafe(ref weights[at + lane]) * Vector256.LoadUnsafe(ref _secondError[lane]);
            }

            _firstError[i] = Vector256.Sum(back) * (1 - (output * output));
        }

        AddOuter(_first, _secondError, _network.SecondAt, _network.SecondBias);
        AddOuter(features, _firstError, 0, _network.FirstBias);
    }

    private void AddOuter(ReadOnlySpan<float> inputs, float[] errors, int weightsAt, int biasAt)
    {
        for (int lane = 0; lane < errors.Length; lane += LifeNetwork.Lanes)
        {
            Vector256<float> error = Vector256.LoadUnsafe(ref errors[lane]);
            (Vector256.LoadUnsafe(ref _gradient[biasAt + lane]) + error).StoreUnsafe(ref _gradient[biasAt + lane]);
            ref float gradient = ref _gradient[weightsAt + lane];
            for (int i = 0; i < inputs.Length; i++)
            {
                nuint at = (nuint)(i * errors.Length);
                (Vector256.LoadUnsafe(ref gradient, at) + (Vector256.Create(inputs[i]) * error))
                    .StoreUnsafe(ref gradient, at);
            }
        }
    }

    private void Move(float step, float squareScale, float keep)
    {
        float[] weights = _network.Weights;
        for (int i = 0; i < weights.Length; i++)
        {
            float gradient = _gradient[i];
            float mean = (KeepMean * _mean[i]) + ((1 - KeepMean) * gradient);
            float square = (KeepSquare * _square[i]) + ((1 - KeepSquare) * gradient * gradient);
            _mean[i] = mean;
            _square[i] = square;
            weights[i] = (keep * weights[i]) - (step * mean / (MathF.Sqrt(square * squareScale) + 1e-7f));
        }
    }
}
