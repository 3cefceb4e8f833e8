using System.Globalization;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Wind;

/// <summary>The loss of PowerForecast beside that of the quantiles of all power before.</summary>
internal sealed class WindResult
{
    public PinballLoss Model { get; } = new();

    public PinballLoss Climate { get; } = new();

    public ModelCost Cost { get; set; }

    /// <summary>1 - loss / climatology's loss.</summary>
    public double Skill => 1 - (Model.Mean / Climate.Mean);

    public void Add(WindResult other)
    {
        Model.Add(other.Model);
        Climate.Add(other.Climate);
        Cost = new ModelCost(
            Cost.Samples + other.Cost.Samples, Cost.Seconds + other.Cost.Seconds, other.Cost.StateBytes);
    }

    public string Row(string who) => string.Create(
        CultureInfo.InvariantCulture, $"{who},{Model.Mean:0.0000},{Climate.Mean:0.0000},{Skill:0.000}");
}
