namespace TwinGrid.ModelBench.Cost;

/// <summary>Twins of one kind with their state. Not safe for threads.</summary>
internal sealed class CostTwins
{
    private readonly CostSubject _subject;
    private readonly int _length;
    private readonly double[] _states;
    private readonly Prediction[] _predictions;
    private readonly long[] _times;
    private long _fed;

    public CostTwins(CostSubject subject, int twins)
    {
        _subject = subject;
        _length = subject.Models.Sum(model => model.StateLength);
        _states = new double[(long)twins * _length];
        _predictions = new Prediction[twins * subject.Models.Length];
        _times = new long[twins];
        for (int twin = 0; twin < twins; twin++)
        {
            int at = twin * _length;
            foreach (IPredictiveModel model in subject.Models)
            {
                model.Initialize(_states.AsSpan(at, model.StateLength));
                at += model.StateLength;
            }

            _predictions.AsSpan(twin * subject.Models.Length, subject.Models.Length).Fill(Prediction.None);
            _times[twin] = 1_700_000_000L * UnixMicroseconds.PerSecond;
        }
    }

    /// <summary>So many messages, a second of source time apart for each twin.</summary>
    public void Feed(int messages)
    {
        IPredictiveModel[] models = _subject.Models;
        bool isStack = models.Length > 1;
        for (int i = 0; i < messages; i++)
        {
            int twin = (int)(_fed % _times.Length);
            int row = (int)(((_fed / _times.Length) + (twin * 7L)) % _subject.Inputs.Length);
            _fed++;
            double[] inputs = _subject.Inputs[row];
            double output = _subject.Outputs[row];
            long time = _times[twin] += UnixMicroseconds.PerSecond;
            int at = twin * _length;
            for (int m = 0; m < models.Length; m++)
            {
                ReadOnlySpan<double> own = isStack ? inputs.AsSpan(m, 1) : inputs;
                ModelInput input = new(time, own, (1UL << own.Length) - 1, output, !double.IsNaN(output));
                models[m].Update(
                    input,
                    _states.AsSpan(at, models[m].StateLength),
                    ref _predictions[(twin * models.Length) + m]);
                at += models[m].StateLength;
            }
        }
    }
}
