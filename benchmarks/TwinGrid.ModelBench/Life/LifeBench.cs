using TwinGrid.ModelBench.Feeding;
using TwinGrid.Models.RemainingLife;

namespace TwinGrid.ModelBench.Life;

/// <summary>The model RemainingLife, trained on turbofans and fed cycle by cycle. Not safe for threads.</summary>
internal sealed class LifeBench
{
    /// <summary>The cap that the published tables use; all else is the trainer's default, for every file.</summary>
    public const double Cap = 125;

    private const long Cycle = UnixMicroseconds.PerSecond * 3600;

    private readonly RunningModel _model;
    private long _samples;
    private double _seconds;

    private LifeBench(RemainingLifeParameters parameters)
    {
        Parameters = parameters;
        _model = new RunningModel(
            "RemainingLife", CmapssFile.ModelInputs, options: $$"""{ "parameters": {{parameters.ToJson()}} }""");
    }

    /// <summary>What was learnt.</summary>
    public RemainingLifeParameters Parameters { get; }

    public ModelCost Cost => new(_samples, _seconds, _model.StateBytes);

    public static (LifeBench Bench, double[][] HeldOut) Train(IReadOnlyList<LifeHistory> units)
    {
        var (parameters, heldOut) = RemainingLifeTrainer.TrainAndShow(
            CmapssFile.Inputs, units, new RemainingLifeTraining { Cap = Cap });
        return (new LifeBench(parameters), heldOut);
    }

    /// <summary>What is said of one unit after each of its cycles.</summary>
    public Prediction[] Read(LifeHistory unit)
    {
        Prediction[] said = new Prediction[unit.Rows];
        double[][] rows = new double[unit.Rows][];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = [unit.Ages[i], .. unit.Settings[i], .. unit.Sensors[i]];
        }

        _model.Restart();
        double start = ModelCost.CpuSeconds;
        for (int i = 0; i < rows.Length; i++)
        {
            said[i] = _model.Read(i * Cycle, rows[i]);
        }

        _seconds += ModelCost.CpuSeconds - start;
        _samples += rows.Length;
        return said;
    }
}
