using TwinGrid.Models.Anomaly;
using TwinGrid.Models.Forecasting;
using TwinGrid.Models.Process;
using TwinGrid.Models.RemainingLife;
using TwinGrid.Models.Rhythm;
using TwinGrid.Models.Signals;
using TwinGrid.Models.Trend;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the predictive models of this package.</summary>
public static class TwinGridModelsServiceCollectionExtensions
{
    /// <summary>
    /// Registers the model types that kind files may name: <c>PowerCurve</c> (an output learnt against an input),
    /// <c>Anomaly</c> (how unusual a signal is, 0 to 1), <c>TrendToLimit</c> (seconds until a limit),
    /// <c>RemainingLife</c> (how long a unit will still run, learnt from units that ran until they failed),
    /// <c>HeartRhythm</c> (atrial fibrillation from the intervals between beats), <c>ProcessMonitor</c> (whether many
    /// sensors move together as they did when all was normal, and which do not), <c>PowerForecast</c> (a wind farm's
    /// power from forecast wind) and <c>Signals</c> (numbers of a waveform for the others, and bearing defects).
    /// </summary>
    /// <remarks>
    /// Each is one stateless object per kind; a twin's state is a slice of doubles. Options are read strictly when
    /// the model is made: a wrong one is a <see cref="TwinGrid.DefinitionException"/>.
    /// </remarks>
    public static IServiceCollection AddTwinGridModels(this IServiceCollection services) => services
        .AddPredictiveModel(PowerCurve.TypeName, definition => new PowerCurve(definition))
        .AddPredictiveModel(SignalAnomaly.TypeName, definition => new SignalAnomaly(definition))
        .AddPredictiveModel(TrendToLimit.TypeName, definition => new TrendToLimit(definition))
        .AddPredictiveModel(RemainingLifeModel.TypeName, definition => new RemainingLifeModel(definition))
        .AddPredictiveModel(HeartRhythm.TypeName, definition => new HeartRhythm(definition))
        .AddPredictiveModel(ProcessMonitor.TypeName, definition => new ProcessMonitor(definition))
        .AddPredictiveModel(PowerForecast.TypeName, definition => new PowerForecast(definition))
        .AddPredictiveModel(SignalFeatures.TypeName, definition => new SignalFeatures(definition));
}
