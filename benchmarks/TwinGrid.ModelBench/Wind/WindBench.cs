using System.Text.Json;
using TwinGrid.ModelBench.Feeding;
using TwinGrid.Models.Forecasting;

namespace TwinGrid.ModelBench.Wind;

/// <summary>
/// PowerForecast for one farm. Its weather: the wind at 100 m and at 10 m, at 100 m one and three hours before and
/// after (a forecast is known for all hours at once), and at 100 m at the other farms. Not safe for threads.
/// </summary>
internal sealed class WindBench
{
    private static readonly long[] Shifts = [-1, 1, -3, 3];

    private readonly WindFarm _farm;
    private readonly WindFarm[] _others;
    private readonly PowerForecast _model;
    private readonly double[] _state;
    private readonly double[] _weather;
    private Prediction _prediction = Prediction.None;
    private long _samples;
    private double _seconds;

    public WindBench(WindFarm farm, WindFarm[] others, string options)
    {
        (_farm, _others) = (farm, others);
        int pairs = 2 + Shifts.Length + others.Length;
        string[] inputs = [.. Enumerable.Range(0, pairs).SelectMany(i => new[] { $"east{i}", $"north{i}" })];
        _model = new PowerForecast(new ModelDefinition
        {
            Name = "bench",
            Type = PowerForecast.TypeName,
            Inputs = inputs,
            Output = "power",
            Options = JsonDocument.Parse(options).RootElement,
        });
        _state = new double[_model.StateLength];
        _model.Initialize(_state);
        _weather = new double[inputs.Length];
    }

    public ModelCost Cost => new(_samples, _seconds, _state.Length * sizeof(double));

    /// <summary>Learns the hours from one row up to before another, in which the power is known.</summary>
    public void Learn(int from, int to)
    {
        double start = ModelCost.CpuSeconds;
        for (int row = from; row < to; row++)
        {
            if (!double.IsNaN(_farm.Power[row]))
            {
                Look(row);
                ModelInput input = new(_farm.Times[row], _weather, ulong.MaxValue, _farm.Power[row], true);
                _model.Update(input, _state, ref _prediction);
                _samples++;
            }
        }

        _seconds += ModelCost.CpuSeconds - start;
    }

    /// <summary>The quantiles of an hour, from its weather alone.</summary>
    public double[] Predict(int row)
    {
        Look(row);
        double[] quantiles = new double[PinballLoss.Levels.Length];
        if (!_model.Quantiles(_weather, _farm.Times[row], _state, PinballLoss.Levels, quantiles))
        {
            Array.Fill(quantiles, double.NaN);
        }

        return quantiles;
    }

    private void Look(int row)
    {
        long time = _farm.Times[row];
        Put(0, (_farm.Wind[row][2], _farm.Wind[row][3]));
        Put(1, (_farm.Wind[row][0], _farm.Wind[row][1]));
        for (int i = 0; i < Shifts.Length; i++)
        {
            Put(2 + i, _farm.High(time + (Shifts[i] * WindFarm.Hour)));
        }

        for (int i = 0; i < _others.Length; i++)
        {
            Put(2 + Shifts.Length + i, _others[i].High(time));
        }
    }

    private void Put(int pair, (double East, double North) wind) =>
        (_weather[2 * pair], _weather[(2 * pair) + 1]) = wind;
}
